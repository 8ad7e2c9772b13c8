"""Start a program so that nothing of it outlives the tuner. Run by path, by ``run.py``; imports little.

    python -I -S launch.py PARENT_PID MEMORY_LIMIT PROGRAM ARGUMENT...

This process leads the program's process group. When its parent dies, however suddenly, the kernel sends it
SIGTERM and it kills the group: compilers and programs start children, which ``PR_SET_PDEATHSIG`` alone
would miss. Otherwise it ends as the program did, by the same signal or exit status.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_START = 127  # as shells do


def _kill_group(_signal: int, _frame: object) -> None:
    os.killpg(0, signal.SIGKILL)


def _become(memory: int, argv: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory > 0:
        # RLIMIT_DATA counts private writable memory; RLIMIT_AS would count what device drivers merely reserve
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    try:
        os.execvp(argv[0], argv)
    except OSError as problem:
        sys.stderr.write(f"cannot start {argv[0]}: {problem.strerror}\n")
        sys.stderr.flush()
        os._exit(CANNOT_START)


def main() -> None:
    parent, memory, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGTERM, _kill_group)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before the request above
        sys.exit(CANNOT_START)
    child = os.fork()
    if child == 0:
        _become(memory, argv)
    for stream in (0, 1, 2):  # only the program holds the pipes: their end is its end
        os.close(stream)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
