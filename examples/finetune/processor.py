"""Processor settings that must be in the environment before torch is loaded: import this first.

One thread, unless the caller says otherwise: the model is so small that a second thread costs more
than it brings, and several runs may share the machine. And the kernel of OpenBLAS: 0.3.21 (Debian
12) takes an Intel processor newer than itself for a Prescott of 2004 and is then up to five times
slower; the flags that the kernel lists are the better witness. Builds of torch without OpenBLAS
ignore the second setting.
"""

import os


def _flags():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.split())
    except OSError:
        pass
    return set()


def _blas_kernel(flags):
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None


os.environ.setdefault("OMP_NUM_THREADS", "1")
_kernel = _blas_kernel(_flags())
if _kernel is not None:
    os.environ.setdefault("OPENBLAS_CORETYPE", _kernel)
