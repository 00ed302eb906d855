using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>What a simulated reload came to.</summary>
/// <param name="Verdict">The verdict at the end.</param>
/// <param name="RolledBackAt">Seconds to a rollback; null if there was none.</param>
/// <param name="Failed">Requests that the fault had hit by then.</param>
internal sealed record SimulatedReload(Verdict Verdict, double? RolledBackAt, int Failed);

/// <summary>Two generations under the same load, and their judge. A seed gives the same reload each time.</summary>
internal sealed class CanarySimulation
{
    private const int Routes = 20;
    private const double Tick = .025;
    private const double Window = WindowTerms.Interval / 1000.0;

    private static readonly string[] s_names = [.. Enumerable.Range(0, Routes).Select(route => $"GET /r{route}")];
    private static readonly double[] s_routes = Cumulated(
        Enumerable.Range(0, Routes).Select(route => route == 19 ? .04 : 1 / (route + 1.5)));

    private readonly Traffic _traffic;
    private readonly Dice _dice;
    private readonly double[] _clients, _speed, _movesAt;
    private readonly int[] _favourite;
    private readonly bool[] _poison, _moved, _stuck;
    private readonly Side _old, _new;
    private readonly List<(int Client, double Since, double Until, Side Side)> _hanging = [];
    private readonly JudgeMachine _judge;
    private double _common;
    private int _failed;

    private CanarySimulation(Traffic traffic, int seed)
    {
        (_traffic, _dice) = (traffic, new Dice(seed));
        var n = traffic.Connections;
        (_old, _new) = (new Side(n), new Side(n));
        var weights = Make(n, () => .02 + (_dice.Exponential() * (_dice.Chance(.1) ? 8 : .8)));
        _clients = Cumulated(weights);
        _speed = Make(n, () => Math.Exp(traffic.ClientSpread * _dice.Normal()));
        _favourite = Make(n, () => Pick(s_routes));
        _poison = Make(n, () => _dice.Chance(traffic.PoisonClients));
        (_moved, _stuck, _movesAt) = (new bool[n], new bool[n], Make(n, () => double.PositiveInfinity));
        var failed = new Dictionary<long, int>();
        for (var client = 0; client < n; client++)
        {
            var requests = traffic.Rate * 5 * weights[client] / weights.Sum();
            var errors = _dice.Poisson(requests * (traffic.Errors + (_poison[client] ? .5 : 0)));
            if (errors > 0) failed[client + 1] = errors;
        }

        _judge = new JudgeMachine(new JudgeTerms { FailedBefore = failed, ConnectionsBefore = n });
    }

    /// <summary>Reloads once.</summary>
    public static SimulatedReload Run(Traffic traffic, int seed) => new CanarySimulation(traffic, seed).Run();

    /// <summary>Reloads often.</summary>
    public static IReadOnlyList<SimulatedReload> Run(Traffic traffic, int reloads, int firstSeed) =>
        [.. Enumerable.Range(firstSeed, reloads).Select(seed => Run(traffic, seed))];

    private SimulatedReload Run()
    {
        var outageAt = _traffic.OutageSeconds > 0 ? _dice.Next() * _traffic.Seconds : double.PositiveInfinity;
        var stallAt = _traffic.StallSeconds > 0 ? _dice.Next() * _traffic.Seconds : double.PositiveInfinity;
        var (step, window) = (0, 1);
        for (var time = 0.0; time < _traffic.Seconds - 1e-9; time += Tick)
        {
            if (step < _traffic.Steps.Length && time >= _traffic.Steps[step].At - 1e-9) BeginStep(time, _traffic.Steps[step++].Share);
            Wander(time);
            Answer(time);
            var stalledUntil = time >= stallAt && time < stallAt + _traffic.StallSeconds ? stallAt + _traffic.StallSeconds : (double?)null;
            var outage = time >= outageAt && time < outageAt + _traffic.OutageSeconds;
            for (var requests = _dice.Poisson(_traffic.Rate * Tick); requests > 0; requests--) Request(time, outage, stalledUntil);
            if (time + Tick < (window * Window) - 1e-9) continue;
            if (Look(window) is { } verdict) return new(verdict, window * Window, _failed);
            window++;
        }

        return new(_judge.Look(), null, _failed);
    }

    private Verdict.RollBack? Look(int window)
    {
        foreach (var (client, since, _, side) in _hanging)
        {
            if (since + 1 <= window * Window) side.LongRunning++;
            if (since + 1 > (window - 1) * Window && since + 1 <= window * Window) side.Overdue.Add(client + 1);
        }

        _judge.Before(_old.Close(window));
        _judge.After(_new.Close(window));
        return _judge.Look() as Verdict.RollBack;
    }

    private void BeginStep(double time, double share)
    {
        _judge.Step((long)(time / Window), share);
        var order = Enumerable.Range(0, _moved.Length).Where(client => !double.IsFinite(_movesAt[client])).ToList();
        var moving = Math.Max(1, (int)Math.Round(share * _moved.Length)) - (_moved.Length - order.Count);
        for (; moving > 0; moving--)
        {
            var at = (int)(_dice.Next() * order.Count);
            _movesAt[order[at]] = time + (_dice.Next() * _traffic.MoveSeconds);
            order.RemoveAt(at);
        }
    }

    private void Wander(double time)
    {
        _common += (-_common * Tick) + (.25 * Math.Sqrt(2 * Tick) * _dice.Normal());
        foreach (var side in new[] { _old, _new })
        {
            side.Pace += (-side.Pace * Tick / .5) + (_traffic.Wander * Math.Sqrt(2 * Tick / .5) * _dice.Normal());
            var collections = side == _new ? .8 : .4; // a heap that grows is collected more often
            if (_dice.Chance(collections * _traffic.Collections * Tick)) side.PausedUntil = time + (.025 * _dice.Exponential());
        }

        for (var client = 0; client < _moved.Length; client++) _moved[client] |= time >= _movesAt[client];
    }

    // A stall is over.
    private void Answer(double time)
    {
        foreach (var (client, since, _, side) in _hanging.Where(request => time >= request.Until))
        {
            _stuck[client] = false;
            side.End(client, _favourite[client], time - since, fails: false);
        }

        _hanging.RemoveAll(request => time >= request.Until);
    }

    private void Request(double time, bool outage, double? stalledUntil)
    {
        var client = Pick(_clients);
        if (_stuck[client]) return;
        var route = _dice.Chance(.5) ? _favourite[client] : Pick(s_routes);
        var isNew = _moved[client];
        var side = isNew ? _new : _old;
        var faulty = isNew && (_traffic.FaultyRoute is null || _traffic.FaultyRoute == route);
        side.Begin(client);
        var hangs = faulty && _dice.Chance(_traffic.Hangs);
        if (hangs || stalledUntil is not null)
        {
            _stuck[client] = true;
            if (hangs) _failed++;
            _hanging.Add((client, time, hangs ? double.PositiveInfinity : stalledUntil!.Value, side));
            return;
        }

        var ms = Math.Exp(Math.Log(1 + (route * 1.5)) + (.6 * _dice.Normal()) + _common + side.Pace) * _speed[client];
        if (_dice.Chance(.01)) ms *= 10;
        if (isNew)
        {
            ms *= 1 + (_traffic.Cold * Math.Exp(-time / _traffic.ColdSeconds));
            if (side.IsFirst(route)) ms += 80;
        }

        if (faulty) ms *= _traffic.Slower;
        if (side.PausedUntil > time) ms += (side.PausedUntil - time) * 1000;
        var fault = faulty && _dice.Chance(_traffic.NewErrors);
        if (fault) _failed++;
        side.End(client, route, ms / 1000,
            fault || _dice.Chance(_traffic.Errors) || (_poison[client] && _dice.Chance(.5)) || (outage && _dice.Chance(.3)));
    }

    private int Pick(double[] cumulated)
    {
        var at = Array.BinarySearch(cumulated, _dice.Next() * cumulated[^1]);
        return Math.Min(at < 0 ? ~at : at, cumulated.Length - 1);
    }

    private static double[] Cumulated(IEnumerable<double> weights)
    {
        var sum = 0.0;
        return [.. weights.Select(weight => sum += weight)];
    }

    private static T[] Make<T>(int count, Func<T> make) => [.. Enumerable.Range(0, count).Select(_ => make())];

    /// <summary>One generation.</summary>
    private sealed class Side(int clients)
    {
        private readonly int[,] _latency = new int[Routes, LatencyScale.Buckets];
        private readonly int[] _requests = new int[Routes], _errors = new int[Routes], _first = new int[Routes];
        private readonly Dictionary<(int Client, int Route), int> _failures = [];
        private readonly bool[] _seen = new bool[clients];
        private int _started, _connections;

        public double Pace { get; set; }

        public double PausedUntil { get; set; }

        public List<long> Overdue { get; } = [];

        public int LongRunning { get; set; }

        public bool IsFirst(int route) => _first[route]++ < 3;

        public void Begin(int client)
        {
            _started++;
            if (_seen[client]) return;
            _seen[client] = true;
            _connections++;
        }

        public void End(int client, int route, double seconds, bool fails)
        {
            _requests[route]++;
            _latency[route, LatencyScale.BucketOf(seconds)]++;
            if (!fails) return;
            _errors[route]++;
            _failures[(client, route)] = _failures.GetValueOrDefault((client, route)) + 1;
        }

        public WindowFrame Close(int index)
        {
            List<RouteWindow> routes = [];
            var place = new int[Routes];
            for (var route = 0; route < Routes; route++)
            {
                if (_requests[route] == 0) continue;
                List<int> latency = [];
                for (var bucket = 0; bucket < LatencyScale.Buckets; bucket++)
                {
                    if (_latency[route, bucket] > 0) latency.AddRange([bucket, _latency[route, bucket]]);
                }

                place[route] = routes.Count;
                routes.Add(new(s_names[route], _requests[route], _errors[route], 0, latency));
            }

            var frame = new WindowFrame(index, _started, _connections, _started * 100, _started * 1000, [0, LongRunning, 0, 0, 0], routes,
                [.. _failures.Select(failure => new ConnectionFailures(failure.Key.Client + 1, place[failure.Key.Route], failure.Value))],
                [.. Overdue]);
            (_started, _connections, LongRunning) = (0, 0, 0);
            Array.Clear(_latency);
            Array.Clear(_requests);
            Array.Clear(_errors);
            _failures.Clear();
            Overdue.Clear();
            return frame;
        }
    }

    /// <summary>Random numbers, the same on every machine.</summary>
    private sealed class Dice(int seed)
    {
        private ulong _state = ((ulong)seed * 0x9E3779B97F4A7C15) + 0xD1B54A32D192ED03;

        public double Next()
        {
            var x = _state += 0x9E3779B97F4A7C15; // SplitMix64
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return ((x ^ (x >> 31)) >> 11) * (1.0 / (1UL << 53));
        }

        public bool Chance(double probability) => probability > 0 && Next() < probability;

        public double Exponential() => -Math.Log(1 - Next());

        public double Normal() => Math.Sqrt(2 * Exponential()) * Math.Cos(2 * Math.PI * Next());

        public int Poisson(double mean)
        {
            if (mean > 60) return Math.Max(0, (int)Math.Round(mean + (Math.Sqrt(mean) * Normal())));
            var (count, left) = (0, Math.Exp(-mean));
            for (var product = Next(); product > left; product *= Next()) count++;
            return count;
        }
    }
}
