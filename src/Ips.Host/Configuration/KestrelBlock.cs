using Ips.Actors.Configuration;
using Microsoft.Extensions.Configuration;

namespace Ips.Host.Configuration;

/// <summary>Flattens the block <c>ips.kestrel</c> into Kestrel's configuration section. Pure.</summary>
internal static class KestrelBlock
{
    // What Kestrel's configuration loader reads; anything else would be without effect and without a word.
    private static readonly string[] Sections = ["Endpoints", "EndpointDefaults", "Certificates"];

    /// <summary>Sets <see cref="DaemonSettings.Kestrel"/>.</summary>
    /// <returns>Why the block is wrong, or null.</returns>
    internal static string? Apply(DaemonSettings settings, IReadOnlyList<KeyValuePair<IReadOnlyList<string>, string>> leaves,
        string? baseDirectory)
    {
        var flat = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (path, value) in leaves)
        {
            if (!Sections.Contains(path[0], StringComparer.OrdinalIgnoreCase))
                return $"{path[0]} is nothing that Kestrel reads from its configuration";
            if (path.Any(part => part.Contains(':', StringComparison.Ordinal)))
                return $"the name {string.Join('.', path)} contains a colon";
            var isFile = path.Count > 2 && IsCertificate(path) && Named(path[^1], "Path", "KeyPath");
            flat[ConfigurationPath.Combine([DaemonSettings.KestrelSection, .. path])] =
                isFile && value.Length > 0 ? FilePaths.Resolve(baseDirectory, value) : value;
        }

        var endpoints = leaves.Where(leaf => Named(leaf.Key[0], "Endpoints"))
            .GroupBy(leaf => leaf.Key.ElementAtOrDefault(1) ?? "", StringComparer.OrdinalIgnoreCase);
        foreach (var endpoint in endpoints)
        {
            var url = endpoint.FirstOrDefault(leaf => leaf.Key.Count == 3 && Named(leaf.Key[2], "Url")).Value;
            if (string.IsNullOrEmpty(url)) return $"the endpoint {endpoint.Key} has no Url";
            if (EndpointUrl.Fault(url) is { } fault) return $"in the endpoint {endpoint.Key}, {fault}";
        }
        settings.Kestrel = flat;
        return null;
    }

    // Endpoints.X.Certificate.Path and Certificates.X.Path
    private static bool IsCertificate(IReadOnlyList<string> path) =>
        Named(path[^2], "Certificate") || (path.Count == 3 && Named(path[0], "Certificates"));

    private static bool Named(string name, params ReadOnlySpan<string> wanted)
    {
        foreach (var one in wanted)
        {
            if (name.Equals(one, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }
}
