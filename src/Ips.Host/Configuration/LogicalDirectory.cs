using Ips.Actors.Posix;

namespace Ips.Host.Configuration;

/// <summary>The current directory by the name that the user came by.</summary>
internal static class LogicalDirectory
{
    /// <summary><c>$PWD</c> if it names the current directory, so that a <c>current</c> link to a release stays a link; else what the
    /// kernel calls it.</summary>
    internal static string Current() => Choose(Environment.GetEnvironmentVariable("PWD"), Environment.CurrentDirectory,
        FileIdentity.AreSame);

    /// <summary>The rule of pwd(1): absolute, without <c>.</c> and <c>..</c>, and the same directory.</summary>
    internal static string Choose(string? pwd, string kernel, Func<string, string, bool> areSame) =>
        pwd is not null && pwd.StartsWith('/') && !pwd.Split('/').Any(part => part is "." or "..") && areSame(pwd, kernel) ? pwd : kernel;
}
