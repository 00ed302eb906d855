using System.Threading.Channels;
using Ips.Actors.Handover;
using Ips.Actors.Reloader;

namespace Ips.Actors.Tests.Reloader;

/// <summary>Older generations without processes; an abort ends when the test says so.</summary>
internal sealed class FakeOlderGenerations : IOlderGenerations
{
    public List<GenerationEntry> Generations { get; } = [];

    /// <summary>The end of the wait for room; it is over at once unless a test says otherwise.</summary>
    public TaskCompletionSource Room { get; set; } = Ended();

    public Channel<(GenerationEntry Generation, TaskCompletionSource Aborted)> Aborting { get; } =
        Channel.CreateUnbounded<(GenerationEntry, TaskCompletionSource)>();

    public IReadOnlyList<GenerationEntry> Alive() => [.. Generations];

    public Task WaitForRoomAsync(int most, TimeSpan patience) => Room.Task;

    /// <summary>What was sent to all of them.</summary>
    public List<int> Signals { get; } = [];

    public void Signal(int signal) => Signals.Add(signal);

    public Task AbortAsync(GenerationEntry generation, TimeSpan patience)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Aborting.Writer.TryWrite((generation, aborted));
        return aborted.Task;
    }

    private static TaskCompletionSource Ended()
    {
        var ended = new TaskCompletionSource();
        ended.SetResult();
        return ended;
    }
}

/// <summary>A health URL whose answers are the test's.</summary>
internal sealed class FakeHealthUrl : IHealthUrl
{
    public Channel<string?> Answers { get; } = Channel.CreateUnbounded<string?>();

    /// <summary>One entry for each answer that was given.</summary>
    public Channel<bool> Answered { get; } = Channel.CreateUnbounded<bool>();

    public Task<string?> AskAsync()
    {
        var fault = Answers.Reader.TryRead(out var answer) ? answer : null;
        Answered.Writer.TryWrite(true);
        return Task.FromResult(fault);
    }
}
