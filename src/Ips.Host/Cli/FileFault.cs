using Ips.Actors.Hosting;

namespace Ips.Host.Cli;

/// <summary>Why a file cannot be read or written, in words of ours: .NET's are for programmers.</summary>
internal static class FileFault
{
    /// <summary>What goes behind <c>FILE cannot be read: </c>, without a full stop.</summary>
    /// <param name="e">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
    /// <param name="path">The file.</param>
    internal static string Describe(Exception e, string path) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        PathTooLongException => "a name in its path is too long",
        UnauthorizedAccessException when Directory.Exists(path) => "it is a directory",
        UnauthorizedAccessException => $"the user {Privileges.CurrentUser} may not",
        _ => e.Message.TrimEnd('.'),
    };
}
