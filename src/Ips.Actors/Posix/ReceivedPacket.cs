namespace Ips.Actors.Posix;

/// <summary>One packet of a <see cref="PacketChannel"/>.</summary>
/// <param name="Bytes">Its bytes, at least one.</param>
/// <param name="Fds">Its descriptors, with FD_CLOEXEC set. Whoever gets the packet closes them.</param>
/// <param name="DescriptorsLost">It had descriptors for which this process has no room; then it has none.</param>
internal sealed record ReceivedPacket(ReadOnlyMemory<byte> Bytes, IReadOnlyList<int> Fds, bool DescriptorsLost = false);
