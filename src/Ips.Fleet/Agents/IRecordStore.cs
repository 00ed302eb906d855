using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Agents;

/// <summary>Where an agent keeps what it has promised.</summary>
internal interface IRecordStore
{
    /// <summary>The record of a fleet; <see cref="FleetRecord.Empty"/> if there is none.</summary>
    /// <exception cref="IOException">It cannot be read, or is none.</exception>
    FleetRecord Read(string fleet);

    /// <summary>Replaces it; it is on the disk when this returns.</summary>
    /// <exception cref="IOException">It is as it was.</exception>
    void Write(string fleet, FleetRecord record);
}
