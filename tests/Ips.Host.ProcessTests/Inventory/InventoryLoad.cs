using System.Globalization;
using System.Text.Json;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>Writers that make, change and delete objects and read each one back, and readers that search: all signed, v1 and v2 alike, none
/// of them ever repeats a request.</summary>
internal sealed class InventoryLoad : IAsyncDisposable
{
    private const int ReadersPageSize = 50;

    // As the strict load: without a pause the clients would take the machine, and a start as long as they leave it.
    private static readonly TimeSpan ThinkTime = TimeSpan.FromMilliseconds(8);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<string> _faults = [];
    private readonly LoadTarget _target;
    private readonly WriteLedger _ledger;
    private readonly string _name;
    private readonly Task _work;
    private volatile bool _isKilled;
    private int _requests;

    /// <param name="target">The daemon.</param>
    /// <param name="writers">One writer for each; its requests are signed so.</param>
    /// <param name="readers">One reader for each.</param>
    /// <param name="ledger">Takes down what was asked and answered.</param>
    /// <param name="name">Part of the ids, another for each load on one ledger; a number from 0 to 254.</param>
    public InventoryLoad(LoadTarget target, IEnumerable<Signer> writers, IEnumerable<Signer> readers, WriteLedger ledger, int name)
    {
        (_target, _ledger, _name) = (target, ledger, name.ToString(CultureInfo.InvariantCulture));
        List<Task> tasks = [.. writers.Select((signer, number) => Task.Run(() => WorkAsync(signer, client => WriteAsync(client, number)))),
            .. readers.Select(signer => Task.Run(() => WorkAsync(signer, ReadAsync)))];
        _work = Task.WhenAll(tasks);
    }

    /// <summary>Requests that were answered as they should be.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Every request that was not.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock) return [.. _faults];
        }
    }

    /// <summary>Waits until the ledger says so; a fault ends the wait at once.</summary>
    public Task WaitForAsync(Func<WriteLedger, bool> isReached, string what) => Eventually.TrueAsync(
        () =>
        {
            Assert.Empty(Faults);
            return Task.FromResult(isReached(_ledger));
        },
        () => $"{what}; {_ledger.Acknowledged} writes were acknowledged");

    /// <summary>From now on a fault is the end that the test itself brings about: each client ends at its first.</summary>
    public void ExpectKill() => _isKilled = true;

    /// <summary>Lets each client finish what it asked.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work.WaitAsync(Limits.Step);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync(Signer signer, Func<SignedClient, Task> steps)
    {
        await using var client = new SignedClient(_target, signer);
        try
        {
            await steps(client);
        }
        catch (LoadFaultException fault)
        {
            // Not gone on with: a second fault would tell nothing new, and a write in doubt must not be overwritten.
            if (!_isKilled)
            {
                lock (_lock) _faults.Add($"{signer.Scheme} after generation {client.Generation}: {fault.Kind}: {fault.Message}");
            }
        }
    }

    private async Task WriteAsync(SignedClient client, int writer)
    {
        for (var step = 0; !_stop.IsCancellationRequested; step++)
        {
            var id = $"L{_name}-W{writer}-{step / 3}";
            var address = string.Create(CultureInfo.InvariantCulture, $"10.{writer}.{(step / 3 >> 8) & 255}.{step / 3 & 255}");
            // Three steps with each object: make it, change it, and delete every other one.
            if (step % 3 == 2 && step / 3 % 2 == 1)
            {
                await DoAsync(client, "DELETE", id, null, null);
                var left = await AskAsync(client, "GET", "/v1/sdk/search_ip", $"ip={address}");
                if (Find(left, id) is not null) throw new LoadFaultException(FailureKind.WrongStatus, $"{id} was deleted and is found");
            }
            else
            {
                await DoAsync(client, "PUT", id, step, string.Create(CultureInfo.InvariantCulture,
                    $$"""{"ip":"{{address}}","hostname":"{{id}}","mem_size":{{step}},"owner":["load"]}"""));
                var there = await AskAsync(client, "GET", "/v1/sdk/search_ip", $"ip={address}");
                if (Find(there, id) != step) throw new LoadFaultException(FailureKind.WrongStatus,
                    $"{id} was written with {step} and is found with {Find(there, id)}");
            }

            await Pause.ForAsync(ThinkTime, _stop.Token);
        }
    }

    private async Task ReadAsync(SignedClient client)
    {
        while (!_stop.IsCancellationRequested)
        {
            await AskAsync(client, "GET", "/v1/sdk/search_ip", $"ip=10.0.0.0/8&page_size={ReadersPageSize}");
            await AskAsync(client, "POST", "/v1/object/host", body: """{"page_size":5,"owner":"load"}""");
            await Pause.ForAsync(ThinkTime, _stop.Token);
        }
    }

    private async Task DoAsync(SignedClient client, string method, string id, long? number, string? body)
    {
        _ledger.Begin(id, number);
        await AskAsync(client, method, $"/v1/object/host/{id}", body: body);
        _ledger.Acknowledge(id, client.Generation);
    }

    private async Task<JsonElement> AskAsync(SignedClient client, string method, string path, string query = "", string? body = null)
    {
        var data = await client.AskAsync(method, path, query, body);
        Interlocked.Increment(ref _requests);
        return data;
    }

    private static long? Find(JsonElement data, string id) => data.GetProperty("list").EnumerateArray()
        .Where(item => item.GetProperty("id").GetString() == id).Select(item => (long?)item.GetProperty("mem_size").GetInt64())
            .SingleOrDefault();
}
