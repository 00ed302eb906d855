namespace Ips.Transport.Tests.Posix;

/// <summary>Tests of what a process has one of (descriptor table, signal actions, umask, limits) run one at a time and beside nothing
/// else.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWideCollection
{
    public const string Name = "process-wide";
}
