namespace Ips.Testing;

/// <summary>A <see cref="ReloadTest"/> failed.</summary>
public sealed class ReloadTestException : Exception
{
    internal ReloadTestException(ReloadTestReport report, IReadOnlyList<string> problems, string output)
        : base(string.Join(Environment.NewLine, [.. problems, $"{report}", "The app's output ends with:", output])) => Report = report;

    /// <summary>Gets what the clients saw until then.</summary>
    public ReloadTestReport Report { get; }
}
