namespace Ips.Host.ProcessTests.Harness;

/// <summary>The tests that have the machine to themselves, when all others have ended: what they see depends on how much of it they
/// get.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
