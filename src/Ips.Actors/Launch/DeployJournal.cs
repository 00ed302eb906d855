using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>What <c>ips deploy</c> and <c>ips rollback</c> remember between two runs: the file <c>.deploy.json</c> in <c>releases/</c>,
/// which the operator owns and the service only reads.</summary>
internal sealed record DeployJournal
{
    /// <summary>The name of the file.</summary>
    public const string FileName = ".deploy.json";

    private const int MostBytes = 1 << 20, MostNames = 100;

    /// <summary>The releases that were promoted by a deploy or a rollback, newest last.</summary>
    public IReadOnlyList<string> Promoted { get; init; } = [];

    /// <summary>The releases that were not promoted.</summary>
    public IReadOnlyList<string> Refused { get; init; } = [];

    /// <summary>The service was asked to start this release, and the answer has not been acted on yet.</summary>
    public AskedRelease? Asked { get; init; }

    /// <summary>The release that a rollback pinned.</summary>
    public PinnedRelease? Pinned { get; init; }

    /// <summary>The journal once an answer is known to be that a release was promoted.</summary>
    /// <param name="asked">What was asked.</param>
    /// <param name="former">The release that served before; a rollback takes it back.</param>
    public DeployJournal AfterPromotion(AskedRelease asked, string? former) => this with
    {
        Promoted = [.. With(asked, former).Where(name => name != asked.Name).TakeLast(MostNames - 1), asked.Name],
        Refused = Add(Refused.Where(name => name != asked.Name), asked.Rollback && former != asked.Name ? former : null),
        Pinned = asked.Rollback ? new PinnedRelease(asked.Name, asked.At) : null,
        Asked = null,
    };

    /// <summary>The journal once it is known that a release was not promoted.</summary>
    public DeployJournal AfterRefusal(string name) =>
        this with { Refused = Add(Refused.Where(known => known != name), Promoted.Contains(name) ? null : name), Asked = null };

    // What served before the first deploy was put there by hand.
    private IEnumerable<string> With(AskedRelease asked, string? former) =>
        former is null || asked.Rollback || Promoted.Contains(former) || Refused.Contains(former) ? Promoted : Promoted.Append(former);

    private static List<string> Add(IEnumerable<string> names, string? name) =>
        [.. (name is null ? names : names.Where(known => known != name).Append(name)).TakeLast(MostNames)];

    /// <summary>Reads the file for what is only shown.</summary>
    /// <param name="releases">The folder of the releases.</param>
    /// <returns>An empty one if there is no file, it cannot be read, or it holds something else.</returns>
    [SupportedOSPlatform("linux")]
    public static DeployJournal TryRead(string releases)
    {
        try
        {
            return Decode(GuardedFile.Read(Path.Combine(releases, FileName), MostBytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new DeployJournal();
        }
    }

    /// <summary>The content of the file.</summary>
    public static DeployJournal Decode(byte[]? content)
    {
        try
        {
            if (content is not { Length: > 0 }
                || JsonSerializer.Deserialize(content, DeployJournalJson.Default.DeployJournal) is not { } journal)
            {
                return new DeployJournal();
            }

            return new DeployJournal // the serializer fills in null for what is not there
            {
                Promoted = [.. (journal.Promoted ?? []).Where(name => name is not null)],
                Refused = [.. (journal.Refused ?? []).Where(name => name is not null)],
                Asked = journal.Asked is { Name: not null } ? journal.Asked : null,
                Pinned = journal.Pinned is { Name: not null } ? journal.Pinned : null,
            };
        }
        catch (JsonException)
        {
            return new DeployJournal(); // a file that a crash of the machine left half written: what it says is lost, nothing else
        }
    }

    /// <summary>The content for the file.</summary>
    public byte[] Encode() => [.. JsonSerializer.SerializeToUtf8Bytes(this, DeployJournalJson.Default.DeployJournal), (byte)'\n'];
}

/// <summary>A release that the service was asked to start.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rollback">By a rollback, which pins it.</param>
/// <param name="At">When.</param>
internal sealed record AskedRelease(string Name, bool Rollback, DateTimeOffset At);

/// <summary>A release that a rollback pinned.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Since">When.</param>
internal sealed record PinnedRelease(string Name, DateTimeOffset Since);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeployJournal))]
internal sealed partial class DeployJournalJson : JsonSerializerContext;
