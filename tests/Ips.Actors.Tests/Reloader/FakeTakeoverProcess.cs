
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;

namespace Ips.Actors.Tests.Reloader;

/// <summary>A process from outside that is only pretended.</summary>
internal sealed class FakeTakeoverProcess(FakeSuccessor process) : ITakeoverProcess
{
    public int Pid => process.Pid;

    public IHandoverChannel Channel => process;

    public Task<ProcessExit> Exited => process.Exited;

    /// <summary>Why it was refused, if it was.</summary>
    public string? Refusal { get; private set; }

    public void Signal(int signal) => process.Signal(signal);

    public void Refuse(string reason) => Refusal = reason;

    public void Dispose() => process.Dispose();
}
