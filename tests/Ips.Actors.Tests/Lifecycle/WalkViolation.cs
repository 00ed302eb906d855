namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The walk has found a way to break an invariant.</summary>
internal sealed class WalkViolation(string invariant, string what) : Exception($"{invariant}: {what}")
{
    /// <summary>Which one; see <see cref="Invariants"/>.</summary>
    public string Invariant => invariant;

    /// <summary>How it is broken.</summary>
    public string What => what;
}

/// <summary>The invariants that the walk checks. ARCHITECTURE.md lists them by the same numbers.</summary>
internal static class Invariants
{
    public const string OneSuccessor = "1 one successor";
    public const string Accepting = "2 accepting";
    public const string Listeners = "3 listeners";
    public const string Rollback = "4 rollback";
    public const string Stop = "5 stop";
    public const string Predecessor = "6 predecessor";
    public const string Explained = "7 explained";
    public const string NothingCut = "8 nothing cut";
    public const string Account = "9 reload account";
    public const string Role = "10 one primary";
    public const string MainProcess = "11 main process";
    public const string Owner = "12 owner or timer";
    public const string ExitCode = "13 exit code";
    public const string Harmless = "14 late events";
}
