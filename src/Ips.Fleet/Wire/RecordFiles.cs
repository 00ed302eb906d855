using System.Text.Json;
using Ips.Actors.Posix;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Wire;

/// <summary>An agent's records in a folder of its own, <c>FLEET.json</c> each.</summary>
/// <param name="folder">The folder; made if it is missing.</param>
internal sealed class RecordFiles(string folder) : IRecordStore
{
    private const int MostBytes = 4 * 1024 * 1024, Mode = 0b110_000_000; // 0600

    /// <inheritdoc/>
    public FleetRecord Read(string fleet)
    {
        var file = PathOf(fleet);
        byte[]? bytes;
        try
        {
            bytes = File.Exists(file) ? GuardedFile.ReadTrusted(file, MostBytes) : null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{file} cannot be read: {e.Message}", e);
        }

        if (bytes is null) return FleetRecord.Empty;
        try
        {
            return JsonSerializer.Deserialize(bytes, FleetJson.Default.FleetRecord) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new IOException($"{file} is not the record of a fleet ({e.Message}). It says what this node has promised: put it back "
                + "from a copy, or remove it while no rollout of the fleet is open.", e);
        }
    }

    /// <inheritdoc/>
    public void Write(string fleet, FleetRecord record)
    {
        try
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(record, FleetJson.Default.FleetRecord);
            AtomicFile.Write(PathOf(fleet), bytes, Mode, durable: true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"{PathOf(fleet)} cannot be written: {e.Message}", e);
        }
    }

    private string PathOf(string fleet) => Path.Combine(folder, $"{fleet}.json");
}
