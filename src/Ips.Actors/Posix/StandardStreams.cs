namespace Ips.Actors.Posix;

/// <summary>Where descriptors 0, 1 and 2 lead. A successor inherits them.</summary>
[SupportedOSPlatform("linux")]
internal static class StandardStreams
{
    internal const int Output = 1, Error = 2;

    private static volatile bool s_redirected;

    /// <summary>Whether stdout and stderr are a log file of this process's own.</summary>
    internal static bool Redirected => s_redirected;

    /// <summary>The descriptor that leads to where stdout will lead when this generation is promoted: in a successor stdout is a pipe until
    /// then.</summary>
    internal static int FinalOutput { get; set; } = Output;

    /// <summary>The same for stderr.</summary>
    internal static int FinalError { get; set; } = Error;

    /// <summary>Appends stdout and stderr to a file from now on; called again, it opens the path anew (SIGUSR1 after a log
    /// rotation).</summary>
    /// <remarks><see cref="Console.Out"/> and <see cref="Console.Error"/> keep a duplicate of what was open at their first use and do not
    /// follow: write through <see cref="OpenOutput"/>.</remarks>
    /// <param name="logPath">Made with mode 0640 if it is not there.</param>
    /// <exception cref="IOException">The file cannot be opened, or is not to be trusted; the streams are then unchanged.</exception>
    internal static void Redirect(string logPath)
    {
        Place(GuardedFile.OpenLog(logPath), Output, Error);
        s_redirected = true;
    }

    /// <summary>Finds out whether <see cref="Redirect"/> would work.</summary>
    /// <exception cref="IOException">The file cannot be opened, or is not to be trusted.</exception>
    internal static void CheckRedirect(string logPath) => FileDescriptors.Close(GuardedFile.OpenLog(logPath));

    /// <summary>A stream to stdout that follows <see cref="Redirect"/>. Disposing it closes nothing.</summary>
    internal static Stream OpenOutput() => new DescriptorStream(Output);

    /// <summary>A stream to what a standard stream leads to now, and goes on to after <see cref="Redirect"/>. The descriptor is kept for
    /// the life of the process.</summary>
    internal static Stream OpenPresent(int fd)
    {
        try
        {
            return new DescriptorStream(FileDescriptors.DuplicateHigh(fd));
        }
        catch (PosixException)
        {
            return new DescriptorStream(fd); // closed, or no number is free for another one: a write says so
        }
    }

    private static void Place(int fd, params ReadOnlySpan<int> targets)
    {
        // A process started with a standard stream closed may be given that very number by open(2): it then is in place but for FD_CLOEXEC.
        var high = FileDescriptors.DuplicateHigh(fd);
        FileDescriptors.Close(fd);
        try
        {
            foreach (var target in targets) FileDescriptors.Replace(target, high);
        }
        finally
        {
            FileDescriptors.Close(high);
        }
    }
}
