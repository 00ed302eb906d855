namespace Ips.Actors.Posix;

/// <summary>One wait for one child: a thread that polls its pidfd. See pidfd_open(2).</summary>
[SupportedOSPlatform("linux")]
internal static class ChildWait
{
    // Without pidfd_open (kernels before 5.3, some sandboxes), the child is asked for at this interval.
    private const int PollIntervalMs = 50;

    internal static Task<ProcessExit> Start(int pid, Action? beforeReap, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource<ProcessExit>(TaskCreationOptions.RunContinuationsAsynchronously);
        var wake = new EventFd();
        var thread = new Thread(() => Run(pid, beforeReap, wake, completion, cancellationToken), maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = $"ips-wait-{pid}",
        };
        thread.Start();
        return completion.Task;
    }

    private static void Run(
        int pid, Action? beforeReap, EventFd wake, TaskCompletionSource<ProcessExit> completion, CancellationToken cancellationToken)
    {
        var pidFd = -1;
        try
        {
            using (wake)
            using (cancellationToken.UnsafeRegister(static state => ((EventFd)state!).Set(), wake))
            {
                pidFd = (int)Libc.Syscall(Libc.SYS_pidfd_open, pid, 0, 0, 0, 0); // -1 is skipped by poll(2); comes with FD_CLOEXEC
                Span<PollEntry> entries = [new(pidFd, PollEvents.Readable), new(wake.Fd, PollEvents.Readable)];
                while (!cancellationToken.IsCancellationRequested)
                {
                    if (Processes.TryReap(pid, beforeReap) is { } exit)
                    {
                        completion.SetResult(exit);
                        return;
                    }

                    Poll.Wait(entries, pidFd < 0 ? PollIntervalMs : -1);
                }

                completion.SetCanceled(cancellationToken);
            }
        }
        catch (IOException e)
        {
            completion.SetException(e);
        }
        finally
        {
            if (pidFd >= 0) FileDescriptors.Close(pidFd);
        }
    }
}
