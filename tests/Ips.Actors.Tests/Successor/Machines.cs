
using Ips.Actors.Configuration;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Successor;

/// <summary>The two machines by the numbers of their states, each question asked once.</summary>
internal sealed class Machines(
    Func<LifecycleState, LifecycleEvent, Transition> lifecycle, Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> successor)
{
    private readonly IpsOptions _options = new();
    private readonly Numbers<LifecycleState> _lifecycles = new();
    private readonly Numbers<SuccessorState> _successors = new();
    private readonly Dictionary<(int, LifecycleEvent), (int, IReadOnlyList<LifecycleEffect>)> _lifecycleSteps = [];
    private readonly Dictionary<(int, SuccessorEvent), (int, IReadOnlyList<SuccessorEffect>)> _successorSteps = [];

    /// <summary>Orders on their way.</summary>
    public Numbers<ReloaderOrder> Orders { get; } = new();

    /// <summary>Events on their way.</summary>
    public Numbers<LifecycleEvent> Events { get; } = new();

    /// <summary>Frames on their way.</summary>
    public Numbers<object> Packets { get; } = new();

    /// <summary>States of LifecycleMachine that were reached.</summary>
    public int LifecycleStates => _lifecycles.Count;

    /// <summary>States of SuccessorMachine that were reached.</summary>
    public int SuccessorStates => _successors.Count;

    public int Number(LifecycleState state) => _lifecycles.Of(state);

    public int Number(SuccessorState state) => _successors.Of(state);

    public LifecycleState Lifecycle(Whole whole) => _lifecycles[whole.Lifecycle];

    public SuccessorState Successor(Whole whole) => _successors[whole.Successor];

    public (int State, IReadOnlyList<LifecycleEffect> Effects) Next(int state, LifecycleEvent @event)
    {
        if (!_lifecycleSteps.TryGetValue((state, @event), out var step))
        {
            var (next, effects) = lifecycle(_lifecycles[state], @event);
            _lifecycleSteps.Add((state, @event), step = (Number(next), effects));
        }

        return step;
    }

    public (int State, IReadOnlyList<SuccessorEffect> Effects) Next(int state, SuccessorEvent @event)
    {
        if (!_successorSteps.TryGetValue((state, @event), out var step))
        {
            var (next, effects) = successor(_successors[state], @event, _options);
            _successorSteps.Add((state, @event), step = (Number(next), effects));
        }

        return step;
    }

    public IReadOnlyList<SuccessorEffect> Resume(Whole whole) => SuccessorMachine.Resume(Successor(whole), _options);
}
