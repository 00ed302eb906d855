using System.Diagnostics;

namespace Ips.Testing.Processes;

/// <summary>Programs that tests write, and how they start any program.</summary>
/// <remarks>Between fork(2) and execve(2) a child has a copy of each descriptor of the tests' own process. While it has that of a program
/// that another test has just written, the start of that program fails with ETXTBSY. So nothing is started while a program is written.
/// </remarks>
internal static class Executable
{
    private const UnixFileMode Mode = (UnixFileMode)0b111_101_101;

    private static readonly Lock Gate = new();

    /// <summary>Writes a script.</summary>
    public static void Write(string path, string text)
    {
        lock (Gate)
        {
            File.WriteAllText(path, text);
            File.SetUnixFileMode(path, Mode);
        }
    }

    /// <summary>Copies a program.</summary>
    public static void Copy(string from, string to)
    {
        lock (Gate) File.Copy(from, to);
    }

    /// <summary>Starts a program; returns when it is executed.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    public static Process Start(ProcessStartInfo start) =>
        Start(() => Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' was not started."));

    /// <summary>Starts a program in another way.</summary>
    public static T Start<T>(Func<T> start)
    {
        lock (Gate) return start();
    }
}
