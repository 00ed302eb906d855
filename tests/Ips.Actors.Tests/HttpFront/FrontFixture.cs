using Ips.Actors.Hosting;
using Ips.Actors.HttpFront;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>What HttpFrontActor works on, without Kestrel.</summary>
internal static class FrontFixture
{
    public static GenerationContext Generation { get; } =
        new() { Number = 7, StartCommand = new StartCommand("/srv/app", ["/srv/app"], "/srv", new Dictionary<string, string>()) };

    public static GenerationRole Role(TimeProvider? time = null) => new(Generation, NullLogger<GenerationRole>.Instance) { Time = time ?? new FakeTimeProvider() };
}

/// <summary>An app whose health is the test's.</summary>
internal sealed class FakeHealth : IHealthProbe
{
    public Func<CancellationToken, Task<string?>> Answer { get; set; } = _ => Task.FromResult<string?>(null);

    public Task<string?> CheckAsync(CancellationToken cancellationToken) => Answer(cancellationToken);
}
