using System.Net;
using System.Net.Sockets;
using System.Text;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;

namespace Ips.Bench.Inventory;

/// <summary>Kills a writing server again and again, each time in the middle of its writes, and looks for every write that it had
/// acknowledged.</summary>
internal static class KillRounds
{
    private const int Writers = 4;

    public static async Task<int> RunAsync(string folder, int rounds)
    {
        Directory.CreateDirectory(folder);
        var database = Path.Combine(folder, "kill.db");
        Dictionary<string, int> acknowledged = [];
        var random = new Random(1);
        var lost = 0;
        for (var round = 0; round < rounds; round++)
        {
            await using var server = await ServerProcess.StartAsync(database);
            var target = acknowledged.Count + random.Next(50, 250);
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var writers = Enumerable.Range(0, Writers).Select(writer =>
                Task.Run(() => WriteAsync(server.Port, round, writer, acknowledged, target, reached))).ToArray();
            await reached.Task.WaitAsync(TimeSpan.FromMinutes(1));
            await server.KillAsync(); // at a random number of writes, with others under way
            await Task.WhenAll(writers);
            lost += await MissingAsync(database, acknowledged);
        }
        Console.WriteLine($"{rounds} rounds of kill -9: {acknowledged.Count:N0} acknowledged writes, {lost} lost");
        return lost == 0 ? 0 : 1;
    }

    private static async Task WriteAsync(int port, int round, int writer, Dictionary<string, int> acknowledged, int target,
        TaskCompletionSource reached)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port);
            for (var i = 0; ; i++)
            {
                var id = $"R{round}-W{writer}-{i}";
                var body = Encoding.ASCII.GetBytes($$"""{"ip":"10.0.{{writer}}.{{i & 0xff}}","mem_size":{{i}}}""");
                await socket.SendAsync(Encoding.ASCII.GetBytes(LoadClient.Request("PUT", $"/v1/object/host/{id}", body)));
                var (status, length) = await LoadClient.ReadAsync(socket, buffer);
                if (status != 200 || buffer.AsSpan(0, length)
                    .IndexOf("\"code\":0,"u8) < 0) throw new InvalidOperationException(Encoding.UTF8.GetString(buffer, 0, length));
                lock (acknowledged)
                {
                    acknowledged.Add(id, i);
                    if (acknowledged.Count >= target) reached.TrySetResult();
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The kill; what was not answered was not acknowledged.
        }
        catch (Exception e)
        {
            reached.TrySetException(e);
            throw;
        }
    }

    private static async Task<int> MissingAsync(string database, Dictionary<string, int> acknowledged)
    {
        await using var store = await InventoryStores.OpenAsync(new InventoryOptions { Path = database }, CancellationToken.None);
        var missing = 0;
        foreach (var (id, number) in acknowledged)
        {
            var found = await store.GetAsync(ObjectClass.Host, id, CancellationToken.None);
            if (found is null || !Encoding.UTF8.GetString(found.Value.Body.Span)
                .Contains($"\"mem_size\":{number},", StringComparison.Ordinal)) missing++;
        }
        return missing;
    }
}
