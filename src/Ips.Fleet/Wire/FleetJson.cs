using System.Text.Json.Serialization;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Wire;

/// <summary>How the messages look as JSON. Their members are the wire format: one that is renamed breaks the golden messages.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    UseStringEnumConverter = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(FleetMessage.Recall))]
[JsonSerializable(typeof(FleetMessage.Promise))]
[JsonSerializable(typeof(FleetMessage.Order))]
[JsonSerializable(typeof(FleetMessage.Close))]
[JsonSerializable(typeof(FleetMessage.Recalled))]
[JsonSerializable(typeof(FleetMessage.Promised))]
[JsonSerializable(typeof(FleetMessage.Report))]
[JsonSerializable(typeof(FleetMessage.Refused))]
[JsonSerializable(typeof(FleetMessage.Closed))]
[JsonSerializable(typeof(FleetMessage.Begin))]
[JsonSerializable(typeof(FleetMessage.Steer))]
[JsonSerializable(typeof(FleetMessage.Look))]
[JsonSerializable(typeof(FleetMessage.Forget))]
[JsonSerializable(typeof(FleetMessage.Answer))]
[JsonSerializable(typeof(FleetRecord))]
[JsonSerializable(typeof(IReadOnlyList<RolloutReceipt>))]
internal sealed partial class FleetJson : JsonSerializerContext;
