using Ips.Actors.Configuration;

namespace Ips.Actors.Reloader;

/// <summary>The file that refreshes the environment at a reload.</summary>
internal static class EnvironmentFile
{
    /// <summary>Reads the file into an environment.</summary>
    /// <exception cref="IOException">It cannot be read, or a line is wrong; the environment is unchanged.</exception>
    public static void Apply(string path, IDictionary<string, string> environment)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
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
