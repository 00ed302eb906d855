namespace Ips.Testing.Load;

/// <summary>Ends one request of the load: how it failed and a line on what was seen.</summary>
internal sealed class LoadFaultException(FailureKind kind, string detail) : Exception(detail)
{
    public FailureKind Kind { get; } = kind;
}
