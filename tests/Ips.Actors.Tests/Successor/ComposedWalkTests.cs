using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Lifecycle;
using Xunit.Abstractions;

namespace Ips.Actors.Tests.Successor;

/// <summary>A predecessor with its successor, and the proof that walking both finds the faults that lie between them.</summary>
[Trait("issue", "13")]
public sealed class ComposedWalkTests(ITestOutputHelper output)
{
    [Fact]
    public void Walk_BothMachinesAndAPeer_KeepEveryInvariant()
    {
        var walk = new ComposedWalk(LifecycleMachine.Next, SuccessorMachine.Next).Run();
        output.WriteLine($"{walk.States} states of the whole, {walk.Steps} steps, {walk.QuietStates} with nothing on its way; "
            + $"{walk.Machines.LifecycleStates} states of LifecycleMachine, {walk.Machines.SuccessorStates} of SuccessorMachine.");
    }
}
