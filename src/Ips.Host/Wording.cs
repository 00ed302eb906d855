using System.Globalization;
using Ips.Actors.Launch;

namespace Ips.Host;

/// <summary>Phrases that several messages of the daemon share.</summary>
internal static class Wording
{
    /// <summary>A number with what it counts: <c>1 problem</c>, <c>2 problems</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="what">One of them; its plural has an <c>s</c> more.</param>
    internal static string Counted(long count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    /// <summary>Why a file cannot be read or written, to stand behind <c>FILE cannot be read: </c>, without a full stop; .NET's own words
    /// are for
    /// programmers.</summary>
    /// <param name="e">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
    /// <param name="path">The file.</param>
    internal static string FileFault(Exception e, string path) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        PathTooLongException => "a name in its path is too long",
        UnauthorizedAccessException when Directory.Exists(path) => "it is a directory",
        UnauthorizedAccessException => $"the user {Privileges.CurrentUser} may not",
        _ => e.Message.TrimEnd('.'),
    };
}
