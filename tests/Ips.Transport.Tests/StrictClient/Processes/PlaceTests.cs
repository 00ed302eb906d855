using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Ips.Testing.Processes;

namespace Ips.Transport.Tests.StrictClient.Processes;

/// <summary>Ports and folders that tests have to themselves.</summary>
[SupportedOSPlatform("linux")] // File.GetUnixFileMode is not for Windows, and neither is Ips.
public sealed class PlaceTests
{
    [Fact]
    public void FreePort_ManyTimes_GivesDifferentPortsThatCanBeListenedOn()
    {
        var ports = Enumerable.Range(0, 50).Select(_ => FreePort.Next()).ToList();
        Assert.Equal(50, ports.Distinct().Count());
        var lowestOfClients = int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t')[0],
            CultureInfo.InvariantCulture);
        Assert.All(ports, port => Assert.InRange(port, 1024, lowestOfClients - 1));
        using var listener = new TcpListener(IPAddress.Loopback, ports[0]);
        listener.Start();
    }

    [Fact]
    public void TempFolder_Disposed_IsGoneWithAllInIt()
    {
        string path;
        using (var folder = new TempFolder())
        {
            path = folder.Path;
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            Directory.CreateDirectory(folder.PathOf("a", "b"));
            File.WriteAllText(folder.PathOf("a", "b", "c"), "c");
            using var other = new TempFolder();
            Assert.NotEqual(path, other.Path);
        }

        Assert.False(Directory.Exists(path));
    }
}
