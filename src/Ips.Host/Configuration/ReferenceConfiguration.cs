using System.Reflection;

namespace Ips.Host.Configuration;

/// <summary>The file <c>hocon/ips.conf</c> as it was built into this binary: every key with its default.</summary>
internal static class ReferenceConfiguration
{
    private const string Resource = "ips.conf";

    /// <summary>The file's text.</summary>
    internal static string Text()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} was not built into this binary.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
