// Failures as programs really end: log ends in the words of PyTorch, Python, shells and launchers.
#include "hone/runner/failure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace hone {
namespace {

Failure failed(std::optional<int> code, std::optional<int> signal, std::string_view log) {
  return classify_failure({code, signal, false, log});
}

constexpr std::string_view kTraceback =
    "Traceback (most recent call last):\n"
    "  File \"train.py\", line 12, in <module>\n"
    "    loss.backward()\n";

TEST(Failure, AMissingModuleIsNamedWithAWayOut) {
  const Failure f =
      failed(1, {}, std::string(kTraceback) + "ModuleNotFoundError: No module named 'peft'\n");
  EXPECT_EQ(f.kind, FailKind::exit_code);
  EXPECT_EQ(f.sentence,
            "the program ended with exit code 1: ModuleNotFoundError: No module named 'peft'");
  EXPECT_FALSE(f.hint.empty());
  EXPECT_EQ(std::count(f.last_lines.begin(), f.last_lines.end(), '\n'), 3);
}

TEST(Failure, EverySpellingOfGpuMemoryRunningOutIsKnown) {
  for (const char* line :
       {"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB. GPU 0 has a "
        "total capacity of 79.10 GiB",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB (GPU 0; "
        "79.10 GiB total capacity)",
        "RuntimeError: CUDA out of memory. Tried to allocate 50.00 MiB (GPU 0; 7.79 GiB total "
        "capacity)",
        "RuntimeError: CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling "
        "`cublasCreate(handle)`",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to "
        "allocate 4294967296 bytes.",
        "ggml_gallocr_reserve_n: failed to allocate buffer of size 123",
        "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating "
        "tensor with shape[64,512]"}) {
    EXPECT_EQ(failed(1, {}, std::string(kTraceback) + line + "\n").kind,
              FailKind::gpu_out_of_memory)
        << line;
  }
}

TEST(Failure, TheAmountThatWasWantedIsRead) {
  EXPECT_EQ(
      failed(1, {},
             "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB. GPU 0 has")
          .wanted_bytes,
      50LL << 20);
  EXPECT_EQ(
      failed(1, {}, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU")
          .wanted_bytes,
      3LL << 29);
  EXPECT_EQ(
      failed(1, {},
             "E: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 4294967296 bytes.")
          .wanted_bytes,
      4LL << 30);
  EXPECT_EQ(
      failed(1, {}, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB. GPU")
          .sentence,
      "the GPU's memory did not suffice (a request of 50.0 MiB failed)");
}

TEST(Failure, MemoryThatTheProgramRecoveredFromIsNotTheCause) {
  const Failure f =
      failed(1, {},
             std::string(kTraceback) +
                 "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB.\n"
                 "halving the batch and trying again\n" +
                 std::string(kTraceback) + "ValueError: batch size 0\n");
  EXPECT_EQ(f.kind, FailKind::exit_code);
  EXPECT_NE(f.sentence.find("ValueError: batch size 0"), std::string::npos);
}

TEST(Failure, ALaunchersTracebackDoesNotHideTheCause) {
  const Failure f = failed(
      1, {},
      std::string("[rank0]: ") + std::string(kTraceback) +
          "[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n" +
          std::string(kTraceback) +
          "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
          "train.py FAILED\n");
  EXPECT_EQ(f.kind, FailKind::gpu_out_of_memory);
  EXPECT_EQ(f.wanted_bytes, 2LL << 30);
}

TEST(Failure, HostMemoryIsToldApartFromTheGpus) {
  EXPECT_EQ(failed(1, {}, "MemoryError\n").kind, FailKind::out_of_memory);
  EXPECT_EQ(
      failed({}, SIGABRT, "terminate called after throwing an instance of 'std::bad_alloc'\n").kind,
      FailKind::out_of_memory);
  EXPECT_EQ(failed(1, {},
                   "RuntimeError: [enforce fail at alloc_cpu.cpp:75] . DefaultCPUAllocator: can't "
                   "allocate memory: "
                   "you tried to allocate 40000000000 bytes.")
                .kind,
            FailKind::out_of_memory);
  EXPECT_EQ(
      failed(1, {}, "RuntimeError: DataLoader worker (pid 77) is killed by signal: Killed.").kind,
      FailKind::out_of_memory);
}

TEST(Failure, AKillByTheKernelIsMemoryAndAnotherKillIsASignal) {
  const Failure other = classify_failure({{}, SIGKILL, false, ""});
  EXPECT_EQ(other.kind, FailKind::signal);
  EXPECT_NE(other.sentence.find("SIGKILL"), std::string::npos);
  EXPECT_EQ(classify_failure({{}, SIGKILL, true, ""}).kind, FailKind::out_of_memory);
  EXPECT_EQ(classify_failure({137, {}, true, ""}).kind, FailKind::out_of_memory);
  EXPECT_EQ(classify_failure({137, {}, false, ""}).kind, FailKind::exit_code);
}

TEST(Failure, ExitCodesOfShellsAreReadAsTheyAreMeant) {
  EXPECT_NE(failed(139, {}, "").sentence.find("exit code 139 (SIGSEGV)"), std::string::npos);
  const Failure f = failed(127, {}, "run.sh: line 3: pyhton: command not found\n");
  EXPECT_NE(f.sentence.find("pyhton: command not found"), std::string::npos);
  EXPECT_NE(f.hint.find("PATH"), std::string::npos);
  const Failure usage =
      failed(2, {}, "usage: t.py [-h]\nt.py: error: unrecognized arguments: --lr=0.1\n");
  EXPECT_NE(usage.sentence.find("unrecognized arguments: --lr=0.1"), std::string::npos);
  EXPECT_NE(usage.hint.find("--help"), std::string::npos);
  EXPECT_EQ(failed(3, {}, "").sentence, "the program ended with exit code 3");
}

TEST(Failure, LastLinesAreWhatATerminalWouldShow) {
  EXPECT_EQ(last_log_lines("one\n\x1b[31mred\x1b[0m line\n 10%|#\r 90%|###\r\n\n   \nlast", 3),
            "red line\n 90%|###\nlast");
  EXPECT_EQ(last_log_lines(""), "");
  EXPECT_EQ(last_log_lines("\x1b["), "");
  EXPECT_EQ(last_log_lines("a\x1b"), "a");
  EXPECT_EQ(last_log_lines(std::string(299, 'x') + "äöü"), std::string(299, 'x') + "ä …");
}

TEST(Failure, LastLinesAreValidUtf8) {
  EXPECT_EQ(last_log_lines("\xE4 \xC3\xA4 \xED\xA0\x80 \xF0\x9F\x98\x80 \xC3"),
            "\xEF\xBF\xBD ä \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD 😀 \xEF\xBF\xBD");
}

TEST(Failure, SurvivesEveryPrefixOfALog) {
  const std::string log =
      std::string(kTraceback) +
      "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB.\n";
  for (std::size_t n = 0; n <= log.size(); ++n) {
    const Failure f = failed(1, {}, std::string(log.data(), n));
    EXPECT_TRUE(f.kind == FailKind::exit_code || f.kind == FailKind::gpu_out_of_memory) << n;
    EXPECT_FALSE(f.sentence.empty());
  }
}

}  // namespace
}  // namespace hone
