/* A library with NVML's interface and made-up devices, for tests of loading and reading: two whole
   devices, the second divided into two instances. Built as a module of its own. */
#include <stdio.h>
#include <string.h>

struct device {
  const char* uuid;
  const char* name;
  unsigned long long total, used;
  int busy;
};
static struct device devices[] = {
    {"GPU-aaaaaaaa-0000-4000-8000-000000000000", "NVIDIA Test 40GB", 40ull << 30, 1ull << 30, 37},
    {"GPU-bbbbbbbb-0000-4000-8000-000000000000", "NVIDIA Test 80GB", 80ull << 30, 2ull << 30, -1},
    {"MIG-cccccccc-0000-4000-8000-000000000000", "NVIDIA Test 80GB MIG 3g.40gb", 40ull << 30, 0,
     -1},
    {"MIG-dddddddd-0000-4000-8000-000000000000", "NVIDIA Test 80GB MIG 3g.40gb", 40ull << 30, 5,
     -1},
};
static int initialised = 0;

int nvmlInit_v2(void) {
  ++initialised;
  return 0;
}
int nvmlShutdown(void) {
  --initialised;
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = 2;
  return initialised == 1 ? 0 : 1;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int i, void** device) {
  *device = &devices[i];
  return i < 2 ? 0 : 2;
}
int nvmlDeviceGetUUID(void* d, char* text, unsigned int size) {
  snprintf(text, size, "%s", ((struct device*)d)->uuid);
  return 0;
}
int nvmlDeviceGetName(void* d, char* text, unsigned int size) {
  snprintf(text, size, "%s", ((struct device*)d)->name);
  return 0;
}
int nvmlDeviceGetMemoryInfo(void* d, unsigned long long memory[3]) {
  const struct device* device = d;
  memory[0] = device->total;
  memory[1] = device->total - device->used;
  memory[2] = device->used;
  return 0;
}
int nvmlDeviceGetUtilizationRates(void* d, unsigned int rates[2]) {
  const struct device* device = d;
  if (device->busy < 0) return 3; /* not supported */
  rates[0] = (unsigned int)device->busy;
  rates[1] = 0;
  return 0;
}
int nvmlDeviceGetPowerUsage(void* d, unsigned int* milliwatts) {
  *milliwatts = 215500;
  return d == &devices[0] ? 0 : 3;
}
int nvmlDeviceGetTemperature(void* d, int sensor, unsigned int* celsius) {
  *celsius = 61;
  return d == &devices[0] && sensor == 0 ? 0 : 3;
}
int nvmlSystemGetDriverVersion(char* text, unsigned int size) {
  snprintf(text, size, "550.54.15");
  return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void* d, unsigned int* count) {
  *count = d == &devices[1] ? 7 : 0;
  return d == &devices[1] ? 0 : 3;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* d, unsigned int i, void** part) {
  (void)d;
  if (i >= 2) return 6; /* not found: the slot is empty */
  *part = &devices[2 + i];
  return 0;
}
