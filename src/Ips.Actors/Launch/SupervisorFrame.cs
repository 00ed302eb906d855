using System.Text.Json;
using System.Text.Json.Serialization;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;

namespace Ips.Actors.Launch;

/// <summary>What a generation tells the supervisor: one JSON object a packet. All generations share one end of a SOCK_SEQPACKET pair,
/// and nothing is ever answered, so a build that knows less than the parent, or more, is understood as far as it goes.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(JoinedFrame), "joined")]
[JsonDerivedType(typeof(MainFrame), "main")]
[JsonDerivedType(typeof(ReleasedFrame), "released")]
internal abstract record SupervisorFrame
{
    /// <summary>The process that the frame is about.</summary>
    [JsonIgnore]
    public abstract int Subject { get; }

    /// <summary>The form on the wire.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, SupervisorJson.Default.SupervisorFrame);

    /// <summary>Reads a packet. What is in the frame is not judged: <c>SupervisorRules</c>.</summary>
    /// <returns>Null if it is no frame of these, or lacks a field: another build's.</returns>
    public static SupervisorFrame? TryDecode(ReadOnlySpan<byte> packet)
    {
        try
        {
            return JsonSerializer.Deserialize(packet, SupervisorJson.Default.SupervisorFrame);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException) // the latter for an object without a type
        {
            return null;
        }
    }
}

/// <summary>A generation has begun its start.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="Generation">Its number, from 1.</param>
internal sealed record JoinedFrame(int Pid, int Generation) : SupervisorFrame
{
    public override int Subject => Pid;
}

/// <summary>A generation is the main process from now on, or its set of sockets has changed. Descriptors ride along: one per endpoint, in
/// order, then the control socket if <paramref name="Control"/>.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="Generation">Its number, from 1.</param>
/// <param name="PidFile">The PID file, absolute.</param>
/// <param name="Endpoints">What each listening socket was opened for.</param>
/// <param name="Control">The control socket's descriptor is in the packet.</param>
/// <param name="Release">How this very release is started.</param>
/// <param name="EnvironmentFile">The file that a reload, and so a restart, reads into the environment; null for none.</param>
internal sealed record MainFrame(
    int Pid, int Generation, string PidFile, IReadOnlyList<EndpointOffer> Endpoints, bool Control, LastGoodRelease Release,
    string? EnvironmentFile = null) : SupervisorFrame
{
    public override int Subject => Pid;
}

/// <summary>The main process stops for good and has closed its listening sockets: nobody may go on listening.</summary>
/// <param name="Pid">Its process id.</param>
internal sealed record ReleasedFrame(int Pid) : SupervisorFrame
{
    public override int Subject => Pid;
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SupervisorFrame))]
internal sealed partial class SupervisorJson : JsonSerializerContext;
