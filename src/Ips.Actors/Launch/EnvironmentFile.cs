using System.Text;
using Ips.Actors.Configuration;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>The file that refreshes the environment at a reload.</summary>
/// <remarks>Its variables decide what the next generation runs (LD_PRELOAD, DOTNET_STARTUP_HOOKS), so it must be root's or this user's
/// own.</remarks>
[SupportedOSPlatform("linux")]
internal static class EnvironmentFile
{
    private const int MostBytes = 1 << 20;

    /// <summary>Reads the file into an environment.</summary>
    /// <exception cref="IOException">It cannot be read, or a line is wrong; the environment is unchanged.</exception>
    public static void Apply(string path, IDictionary<string, string> environment)
    {
        string text;
        try
        {
            text = Encoding.UTF8.GetString(GuardedFile.ReadTrusted(path, MostBytes) ?? throw new PosixException("open", Errno.ENOENT, path))
                .TrimStart('\uFEFF');
        }
        catch (IOException e)
        {
            throw new IOException($"ips.reload.env-file {path} cannot be read: {e.Message}", e);
        }

        if (EnvironmentFileParser.TryParse(text, path, out var variables) is { } fault)
        {
            throw new IOException($"ips.reload.env-file {fault}");
        }

        foreach (var (name, value) in variables)
        {
            if (value is null) environment.Remove(name);
            else environment[name] = value;
        }
    }
}
