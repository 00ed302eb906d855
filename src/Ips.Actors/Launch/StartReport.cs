using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Launch;

/// <summary>The one line in which a daemon tells the command that launched it how its start ended. Nothing but this line goes over their
/// pipe.</summary>
/// <param name="Phase"><see cref="ServingPhase"/> or <see cref="FailedPhase"/>.</param>
/// <remarks>The launcher passes the pipe's write end as file descriptor <see cref="FileDescriptor"/> and says so in
/// <see cref="EnvironmentVariable"/>. The daemon writes its line and closes the descriptor; an end of the pipe without a line means that it
/// died first.</remarks>
internal sealed record StartReport(string Phase)
{
    /// <summary>The <see cref="Phase"/> of a daemon that serves.</summary>
    public const string ServingPhase = "serving";

    /// <summary>The <see cref="Phase"/> of a daemon that could not start.</summary>
    public const string FailedPhase = "failed";

    /// <summary>The environment variable that holds the descriptor's number; never passed on to a successor.</summary>
    public const string EnvironmentVariable = "IPS_START_FD";

    /// <summary>The descriptor's number in the daemon. 3 is the handover channel's.</summary>
    public const int FileDescriptor = 4;

    /// <summary>The longest line that <see cref="TryDecode"/> takes, in bytes, the newline included: 64 KiB, what a pipe holds.</summary>
    public const int MaxLineBytes = 65536;

    /// <summary>The daemon's process id; when it serves.</summary>
    public int Pid { get; init; }

    /// <summary>Its generation, from 1; when it serves.</summary>
    public int Generation { get; init; }

    /// <summary>The addresses it listens on, as URLs; when it serves.</summary>
    public IReadOnlyList<string>? Endpoints { get; init; }

    /// <summary>The code it will exit with, from 1; when it failed.</summary>
    public int ExitCode { get; init; }

    /// <summary>Why, for a person; when it failed.</summary>
    public string? Error { get; init; }

    /// <summary>The report of a daemon that serves.</summary>
    /// <param name="pid">Its process id.</param>
    /// <param name="generation">Its generation, from 1.</param>
    /// <param name="endpoints">The addresses it listens on, as URLs.</param>
    public static StartReport Serving(int pid, int generation, IReadOnlyList<string> endpoints) =>
        new(ServingPhase) { Pid = pid, Generation = generation, Endpoints = endpoints };

    /// <summary>The report of a daemon that could not start.</summary>
    /// <param name="exitCode">The code it is about to exit with, from 1.</param>
    /// <param name="error">Why, for a person.</param>
    public static StartReport Failed(int exitCode, string error)
    {
        // An error that would not fit is cut: the log has the whole of it.
        const int most = MaxLineBytes / 8;
        return new(FailedPhase) { ExitCode = exitCode, Error = error is { Length: > most } ? error[..most] : error };
    }

    /// <summary>The line to write, its newline included.</summary>
    public byte[] Encode() => [.. JsonSerializer.SerializeToUtf8Bytes(this, StartReportJson.Default.StartReport), (byte)'\n'];

    /// <summary>Reads the line.</summary>
    /// <param name="line">What came through the pipe, with or without the newline.</param>
    /// <returns>The report; null if this is not a whole one.</returns>
    public static StartReport? TryDecode(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, StartReportJson.Default.StartReport) is { } report && IsWhole(report) ? report : null;
        }
        catch (JsonException)
        {
            return null; // the caller then has a line that it can show, and the daemon's exit status
        }
    }

    private static bool IsWhole(StartReport report) => report.Phase switch
    {
        ServingPhase => report is { Pid: > 0, Generation: > 0, Endpoints: not null },
        FailedPhase => report is { ExitCode: > 0, Error: not null },
        _ => false,
    };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(StartReport))]
internal sealed partial class StartReportJson : JsonSerializerContext;
