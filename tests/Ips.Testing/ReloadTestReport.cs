namespace Ips.Testing;

/// <summary>What the clients of a <see cref="ReloadTest"/> saw.</summary>
public sealed class ReloadTestReport
{
    private readonly string _text;

    internal ReloadTestReport(int reloads, long requests, long failedRequests, TimeSpan longestStall, string text) =>
        (Reloads, Requests, FailedRequests, LongestStall, _text) = (reloads, requests, failedRequests, longestStall, text);

    /// <summary>Gets how many reloads took place, each with requests before and after it.</summary>
    public int Reloads { get; }

    /// <summary>Gets how many requests were made.</summary>
    public long Requests { get; }

    /// <summary>Gets how many of them failed.</summary>
    public long FailedRequests { get; }

    /// <summary>Gets the longest time that a client waited for a connection or for the next bytes of a response.</summary>
    public TimeSpan LongestStall { get; }

    /// <summary>Returns a table by kind of client, and the first failures.</summary>
    public override string ToString() => _text;
}
