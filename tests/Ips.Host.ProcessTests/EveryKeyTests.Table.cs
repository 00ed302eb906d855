namespace Ips.Host.ProcessTests;

public sealed partial class EveryKeyTests
{
    private enum Effect
    {
        /// <summary>The successor behaves by the new value.</summary>
        Applied,

        /// <summary>The successor behaves by it towards its own successor: a reload is judged by the values of the generation that
        /// serves.</summary>
        AppliedToTheNextReload,

        /// <summary>Of a limit or a time inside of the process, which it reads at its start like the others of its block: the successor
        /// says that it has it.</summary>
        Told,

        /// <summary>The reload is refused, and names the key.</summary>
        Refused,

        /// <summary>It speaks of a first start alone.</summary>
        NotVisible,
    }

    private enum Round
    {
        Daemon,
        Api,
        User,
    }

    private static readonly Dictionary<string, (Effect Effect, Round Round)> Table = new()
    {
        ["ips.urls"] = (Effect.Applied, Round.Daemon),
        ["ips.pid-file"] = (Effect.Applied, Round.Daemon),
        ["ips.log-file"] = (Effect.Applied, Round.Daemon), // removing it is refused, see ReconfigureTests
        ["ips.user"] = (Effect.Refused, Round.User),
        ["ips.group"] = (Effect.Refused, Round.User),
        ["ips.generation-header"] = (Effect.Applied, Round.Daemon),
        ["ips.log.level"] = (Effect.Applied, Round.Daemon),
        ["ips.log.format"] = (Effect.Applied, Round.Api),
        ["ips.kestrel"] = (Effect.Applied, Round.Api),
        ["ips.drain.timeout"] = (Effect.Applied, Round.Daemon),
        ["ips.drain.lame-duck"] = (Effect.Applied, Round.Daemon),
        ["ips.drain.idle-stop"] = (Effect.Told, Round.Daemon), // StopTests
        ["ips.drain.idle-grace"] = (Effect.Told, Round.Daemon), // PoliteCloseTests
        ["ips.drain.h2-pause"] = (Effect.Told, Round.Daemon), // PoliteCloseTests
        ["ips.drain.websocket-spread"] = (Effect.Told, Round.Daemon), // PoliteCloseTests: this daemon serves no WebSockets
        ["ips.reload.ready-timeout"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.probation"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.health-interval"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.kill-timeout"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.max-error-ratio"] = (Effect.Told, Round.Daemon), // JudgeTests
        ["ips.reload.min-requests"] = (Effect.Told, Round.Daemon), // JudgeTests
        ["ips.reload.health-url"] = (Effect.Applied, Round.Daemon),
        ["ips.reload.health-tags"] = (Effect.Told, Round.Daemon), // ColdStartTests
        ["ips.reload.max-generations"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.when-full"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.room-timeout"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.env-file"] = (Effect.AppliedToTheNextReload, Round.Daemon),
        ["ips.reload.last-good"] = (Effect.Applied, Round.Daemon),
        ["ips.reload.canary"] = (Effect.Told, Round.Daemon), // CanaryTests
        ["ips.reload.probation-max"] = (Effect.Told, Round.Daemon), // CanaryTests
        ["ips.reload.roll-back-on"] = (Effect.Told, Round.Daemon), // SuccessorJudgeTests
        ["ips.reload.watch"] = (Effect.Told, Round.Daemon), // SelfReloadTests
        ["ips.reload.watch-interval"] = (Effect.Told, Round.Daemon), // SelfReloadTests
        ["ips.reload.every"] = (Effect.Told, Round.Daemon), // SelfReloadTests
        ["ips.reload.max-memory"] = (Effect.Told, Round.Daemon), // SelfReloadTests
        ["ips.warmup.requests"] = (Effect.Applied, Round.Daemon),
        ["ips.warmup.timeout"] = (Effect.Applied, Round.Api),
        ["ips.websockets.max-state"] = (Effect.Told, Round.Daemon), // ResumableRefusalTests: this daemon serves no WebSockets
        ["ips.metrics.url"] = (Effect.Applied, Round.Daemon),
        ["ips.listener.main-only"] = (Effect.Told, Round.Daemon), // MetricsTests
        ["ips.listener.backlog"] = (Effect.Applied, Round.Daemon),
        ["ips.listener.unix-mode"] = (Effect.Applied, Round.Daemon),
        ["ips.listener.unix-owner"] = (Effect.Applied, Round.Daemon),
        ["ips.listener.unix-group"] = (Effect.Applied, Round.Daemon),
        ["ips.takeover.socket"] = (Effect.Applied, Round.Daemon),
        ["ips.takeover.group"] = (Effect.Applied, Round.Daemon),
        ["ips.takeover.from"] = (Effect.NotVisible, Round.Daemon),
        ["ips.store.path"] = (Effect.Refused, Round.Api), // another store: see StoreIdentityTests
        ["ips.store.postgres"] = (Effect.Refused, Round.Api), // nobody listens there
        ["ips.store.busy-timeout"] = (Effect.Told, Round.Daemon),
        ["ips.store.readers"] = (Effect.Told, Round.Daemon),
        ["ips.auth.window"] = (Effect.Applied, Round.Daemon),
        ["ips.auth.allow-anonymous-loopback"] = (Effect.Applied, Round.Api),
        ["ips.auth.allow-v1"] = (Effect.Applied, Round.Daemon),
        ["ips.auth.allow-v2"] = (Effect.Applied, Round.Daemon),
        ["ips.auth.key-cache"] = (Effect.Told, Round.Daemon),
        ["ips.auth.nonce-capacity"] = (Effect.Told, Round.Daemon),
        ["ips.api.compatibility"] = (Effect.Applied, Round.Daemon),
        ["ips.api.max-body"] = (Effect.Applied, Round.Api),
        ["ips.api.body-memory"] = (Effect.Told, Round.Api),
        ["ips.api.page-size"] = (Effect.Applied, Round.Api),
        ["ips.api.max-page-size"] = (Effect.Applied, Round.Api),
        ["ips.access-log.format"] = (Effect.Applied, Round.Daemon),
        ["ips.access-log.buffer-lines"] = (Effect.Told, Round.Daemon),
    };
}
