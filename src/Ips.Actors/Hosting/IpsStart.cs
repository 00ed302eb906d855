namespace Microsoft.Extensions.Hosting;

/// <summary>How this process became a generation of its service; known before the app is built.</summary>
public sealed class IpsStart
{
    internal IpsStart(int generation, bool isFirst, IReadOnlyDictionary<string, string> facts) =>
        (Generation, IsFirst, Facts) = (generation, isFirst, facts);

    /// <summary>Gets the number of this generation, counted from 1.</summary>
    public int Generation { get; }

    /// <summary>Gets whether an operator or a service manager started the service. False for a successor, and for a generation that
    /// replaces one that died.</summary>
    public bool IsFirst { get; }

    /// <summary>Gets what the predecessor passed to <see cref="IIpsGeneration.TellSuccessor"/>, by name. Empty in a first generation, and
    /// after a release that passed nothing.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; }
}
