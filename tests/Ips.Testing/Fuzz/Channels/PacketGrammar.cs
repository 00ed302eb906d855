using System.Text.Json.Nodes;

namespace Ips.Testing.Fuzz.Channels;

/// <summary>A frame that a channel knows, whole and valid, made of random values.</summary>
/// <param name="Name">Its type.</param>
/// <param name="Make">Makes one.</param>
/// <param name="Descriptors">How many descriptors a valid one carries.</param>
internal sealed record FrameRule(string Name, Func<Random, FuzzFacts, JsonObject> Make, Func<JsonObject, int>? Descriptors = null);

/// <summary>The frames of each channel, both ways: a hostile peer says what only the other side may say as well. Pure.</summary>
/// <remarks>
/// Left out is what a peer may rightly ask for and which ends the service: a successor that behaves well until it is promoted, <c>stop</c>
/// from a predecessor, and the verbs <c>stop</c> and <c>reload</c> of the control socket.
/// </remarks>
internal static class PacketGrammar
{
    private const int ListMax = 4;

    private static readonly FrameRule Hello = new("hello", (_, facts) =>
        new() { ["min"] = 1, ["max"] = 1, ["pid"] = facts.Pid, ["release"] = "fuzz" });
    private static readonly FrameRule Failed = new("failed", (random, _) => new() { ["reason"] = Text(random) });
    private static readonly FrameRule Promote = new("promote",
        (random, _) => random.Next(2) == 0 ? [] : new() { ["output"] = Base64(random), ["error"] = Base64(random) });
    private static readonly FrameRule Stop = new("stop", (random, _) =>
        new() { ["reason"] = Text(random), ["deadlineMs"] = Number(random), ["return"] = random.Next(2) == 0 });

    private static readonly IReadOnlyList<FrameRule> BothWays =
    [
        new("connections", (random, facts) => new() { ["connections"] = List(random, () => Connection(random, facts)) },
            frame => frame["connections"]!.AsArray().Count),
        new("adopted", (random, _) => new() { ["count"] = Number(random) }),
        new("declined", (random, _) => new() { ["packet"] = Number(random) }),
    ];

    private static readonly IReadOnlyList<FrameRule> OfSuccessors =
    [
        Hello,
        new("ready", (random, facts) => random.Next(4) == 0 ? [] : new() { ["endpoints"] = List(random, () => Endpoint(random, facts)) }),
        new("health", (random, _) => new() { ["ok"] = random.Next(8) > 0, ["requests"] = random.Next(200, 900), ["errors"] = random.Next(3),
            ["reason"] = Text(random) }),
        new("promoted", (_, _) => []),
        new("leaving", (random, _) => random.Next(2) == 0 ? [] : new() { ["finish"] = random.Next(2) == 0 }),
        .. BothWays,
    ];

    private static readonly IReadOnlyList<FrameRule> OfPredecessors =
    [
        new("welcome", Welcome, frame => frame["endpoints"]!.AsArray().Count + ((bool)frame["lock"]! ? 1 : 0)
            + ((bool)frame["control"]! ? 1 : 0)),
        new("refused", (random, _) => new() { ["reason"] = Text(random) }),
        new("serve", (_, _) => []),
        new("history", (random, _) => new() { ["receipts"] = List(random, () => random.Next(3) == 0 ? Receipt(random) : Odd(random)) }),
        new("identity", (random, _) => new() { ["lock"] = random.Next(2) == 0, ["control"] = random.Next(2) == 0 },
            frame => ((bool)frame["lock"]! ? 1 : 0) + ((bool)frame["control"]! ? 1 : 0)),
        new("left", (_, _) => []),
        new("farewell", (random, _) => new() { ["drained"] = random.Next(9), ["aborted"] = 0, ["requests"] = Number(random),
            ["moved"] = random.Next(9) }),
        .. BothWays,
    ];

    private static readonly IReadOnlyList<FrameRule> OfChildren =
    [
        new("joined", (random, facts) => new() { ["pid"] = Pid(random, facts), ["generation"] = Number(random) }),
        new("main", Main, frame => frame["endpoints"]!.AsArray().Count + ((bool)frame["control"]! ? 1 : 0)),
        new("released", (random, facts) => new() { ["pid"] = Pid(random, facts) }),
    ];

    private static readonly IReadOnlyList<FrameRule> OfClients =
        [.. new[] { "status", "history", "pause", "resume", "", "unknown",
            "Status" }.Select(verb => new FrameRule(verb, (_, _) => new() { ["verb"] = verb }))];

    private static readonly IReadOnlyList<FrameRule> OfDaemons =
    [
        new("status", (random, facts) => Event("status", random, ("status", Status(random, facts)))),
        new("progress", (random, _) => Event("progress", random, ("withinMs", Number(random)))),
        new("receipt", (random, _) => Event("receipt", random, ("receipt", Receipt(random)))),
        new("history", (random, _) => Event("history", random, ("history", List(random, () => Receipt(random))))),
        new("paused", (random, _) => Event("paused", random)),
        new("stopping", (random, _) => Event("stopping", random, ("withinMs", Number(random)))),
        new("error", (random, _) => Event("error", random)),
    ];

    /// <summary>The frames that may be said at any time without an end to the session that is rightly asked for.</summary>
    public static IReadOnlyList<FrameRule> Of(FuzzChannel channel) => channel switch
    {
        FuzzChannel.Successor or FuzzChannel.Takeover => [.. OfSuccessors, Promote, Stop,
            .. OfPredecessors.Take(OfPredecessors.Count - BothWays.Count)],
        FuzzChannel.Predecessor => [.. OfPredecessors, Promote, Failed, .. OfSuccessors.Take(OfSuccessors.Count - BothWays.Count)],
        FuzzChannel.Supervisor => OfChildren,
        FuzzChannel.ControlClient => OfClients,
        FuzzChannel.ControlServer => OfDaemons,
        _ => throw new ArgumentOutOfRangeException(nameof(channel), channel, "No such channel."),
    };

    /// <summary>Those of <see cref="Of"/> that the protocol has again and again once a handover has come far: the channel goes on after
    /// them.</summary>
    public static IReadOnlyList<FrameRule> InOrder(FuzzChannel channel) => channel switch
    {
        FuzzChannel.Successor or FuzzChannel.Takeover => [.. OfSuccessors.Where(rule => rule.Name is "ready" or "health")],
        FuzzChannel.Predecessor =>
            [Promote, .. OfPredecessors.Where(rule => rule.Name is "serve" or "history" or "connections" or "farewell")],
        _ => Of(channel),
    };

    /// <summary>A frame as it is sent; the control socket's lines have no type.</summary>
    public static JsonObject Whole(FuzzChannel channel, FrameRule rule, Random random, FuzzFacts facts)
    {
        var frame = rule.Make(random, facts);
        if (channel is not (FuzzChannel.ControlClient or FuzzChannel.ControlServer)) frame.Insert(0, "type", rule.Name);
        return frame;
    }

    private static JsonObject Welcome(Random random, FuzzFacts facts) => new()
    {
        ["version"] = random.Next(2), ["generation"] = Number(random), ["endpoints"] = List(random, () => Endpoint(random, facts)),
        ["lock"] = random.Next(2) == 0, ["control"] = random.Next(2) == 0, ["healthIntervalMs"] = Number(random),
    };

    private static JsonObject Main(Random random, FuzzFacts facts) => new()
    {
        ["pid"] = Pid(random, facts), ["generation"] = Number(random), ["pidFile"] = Text(random),
        ["endpoints"] = List(random, () => Endpoint(random, facts)),
        ["control"] = random.Next(2) == 0,
        ["release"] = new JsonObject
        {
            ["release"] = Text(random), ["fileName"] = "/nonexistent/fuzz", ["arguments"] = List(random, () => Text(random)),
            ["workingDirectory"] = "/",
            ["command"] = List(random, () => Text(random)), ["commandDirectory"] = "/", ["generation"] = Number(random),
            ["since"] = "2026-11-28T12:00:00Z",
        },
    };

    private static JsonObject Endpoint(Random random, FuzzFacts facts) =>
        new()
        {
            ["endpoint"] = random.Next(3) == 0 ? Text(random) : facts.Endpoint,
            ["ordinal"] = random.Next(3) == 0 ? Number(random) : 0
        };

    private static JsonObject Connection(Random random, FuzzFacts facts)
    {
        var offer = Endpoint(random, facts);
        if (random.Next(2) == 0) offer["leftover"] = Base64(random);
        return offer;
    }

    private static JsonObject Status(Random random, FuzzFacts facts) => new()
    {
        ["pid"] = Number(random), ["generation"] = Number(random), ["state"] = Text(random), ["release"] = Text(random),
        ["startedAt"] = "2026-11-28T12:00:00Z",
        ["endpoints"] = List(random, () => JsonValue.Create(facts.Endpoint)), ["openConnections"] = Number(random),
        ["runningRequests"] = Number(random),
        ["lastReload"] = random.Next(2) == 0 ? null : Receipt(random), ["takeoverSocket"] = Text(random),
    };

    private static JsonObject Receipt(Random random) => new()
    {
        ["outcome"] = random.Next(2) == 0 ? "promoted" : Text(random), ["oldPid"] = Number(random), ["oldGeneration"] = Number(random),
        ["newPid"] = Number(random),
        ["newGeneration"] = Number(random), ["reason"] = Text(random), ["startedAt"] = "2026-11-28T12:00:00Z",
        ["elapsedMs"] = Number(random),
        ["phasesMs"] = new JsonObject { ["spawned"] = Number(random) }, ["output"] = List(random, () => Text(random)),
        ["connections"] = new JsonObject
        {
            ["moved"] = Number(random), ["busy"] = 0,
            ["staying"] = new JsonObject { ["tls"] = Number(random), ["h2"] = Number(random) }
        },
        ["abortedGenerations"] = List(random, () => Number(random)),
    };

    private static JsonObject Event(string kind, Random random, params ReadOnlySpan<(string Name, JsonNode? Value)> fields)
    {
        JsonObject frame = new() { ["kind"] = kind, ["final"] = random.Next(4) > 0, ["message"] = Text(random) };
        foreach (var (name, value) in fields) frame[name] = value;
        return frame;
    }

    // Never a process that lives, but the peer itself: what is said of one of those may rightly be acted on.
    private static JsonNode Pid(Random random, FuzzFacts facts) => random.Next(4) == 0 ? facts.Pid
        : new[] { 0, -1, int.MinValue, int.MaxValue, 1 << 23 }[random.Next(5)];

    private static JsonNode Number(Random random) => random.Next(8) switch
    {
        0 => -1,
        1 => int.MaxValue,
        2 => int.MinValue,
        3 => 0,
        _ => random.Next(1, 200),
    };

    private static JsonNode Text(Random random) => random.Next(8) switch
    {
        0 => "",
        1 => "\u001b]0;title\u0007\u001b[2J",
        2 => "a\u0000b\r\nc\u2028\ud83d\ude00",
        3 => new string('x', random.Next(1, 20_000)),
        _ => $"text {random.Next(1000)}",
    };

    private static JsonNode Base64(Random random)
    {
        var bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return random.Next(2) == 0 ? Convert.ToBase64String("GET /ping HTTP/1.1\r\nHost: fuzz\r\n\r\n"u8) : Convert.ToBase64String(bytes);
    }

    private static JsonNode? Odd(Random random) => random.Next(4) switch
    {
        0 => null,
        1 => Number(random),
        2 => Text(random),
        _ => new JsonArray(),
    };

    private static JsonArray List(Random random, Func<JsonNode?> make) =>
        [.. Enumerable.Range(0, random.Next(ListMax + 1)).Select(_ => make())];
}
