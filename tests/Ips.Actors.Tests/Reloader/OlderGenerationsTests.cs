using System.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Reloader;

namespace Ips.Actors.Tests.Reloader;

/// <summary>Generations before this one, as a predecessor names them.</summary>
public sealed class OlderGenerationsTests
{
    // Root takes over from a service of another user: what that one names may be any process.
    [Theory]
    [Trait("issue", "11")]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_AProcessOfAnotherUser_IsNotTakenForAGeneration(bool ofThePredecessorsUser)
    {
        using var process = Process.Start("sleep", "60");
        try
        {
            var own = Processes.UserOf(process.Id)!.Value;
            Assert.Equal((uint)ProcessAttributes.EffectiveUserId, own);
            GenerationEntry[] named = [new(3, process.Id, Processes.StartedAt(process.Id)!.Value)];
            using var older = OlderGenerations.Open(named, ofThePredecessorsUser ? own : own + 4711);
            Assert.Equal(ofThePredecessorsUser ? named : [], older.Alive());
            older.Signal(SignalNumbers.SIGTERM);
            Assert.Equal(ofThePredecessorsUser, process.WaitForExit(TimeSpan.FromSeconds(ofThePredecessorsUser ? 20 : 0)));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }
}
