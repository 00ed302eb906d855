namespace Ips.Testing;

/// <summary>One answer; <see cref="Host"/> is the host that gave it.</summary>
internal sealed record RawResponse(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Host => Headers.GetValueOrDefault("X-Host", "");
}
