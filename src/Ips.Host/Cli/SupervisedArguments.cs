namespace Ips.Host.Cli;

/// <summary>What <c>ips supervise</c> starts: <c>ips run</c> with the same options. Pure.</summary>
internal static class SupervisedArguments
{
    /// <summary>The verb of the parent.</summary>
    internal const string Verb = "supervise";

    /// <summary>The arguments with the verb replaced; as many as before.</summary>
    internal static IReadOnlyList<string> Of(IReadOnlyList<string> arguments) => [.. arguments.Select((word, i) => i == 0 && word == Verb ? "run" : word)];
}
