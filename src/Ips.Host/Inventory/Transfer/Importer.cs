using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Brings the objects of one file into a store: all of them, or none if any line is wrong.</summary>
internal static class Importer
{
    /// <summary>Imports.</summary>
    /// <param name="store">Where to. Other writes wait as long as all lines so far are right.</param>
    /// <param name="rows">The file's lines.</param>
    /// <param name="onProblem">Called for each problem, in the order of the lines.</param>
    /// <param name="onProgress">Called after each line with the number of objects so far.</param>
    /// <param name="isDryRun">Whether the store stays as it is; the answer is the same.</param>
    /// <param name="cancellationToken">Ends it; nothing is imported then.</param>
    /// <returns>What was imported; null if there was a problem.</returns>
    public static async Task<ImportCounts?> RunAsync(
        IObjectStore store, IAsyncEnumerable<ImportedRow> rows, Action<long, Refusal> onProblem, Action<long> onProgress,
        bool isDryRun, CancellationToken cancellationToken)
    {
        Dictionary<UInt128, long> seen = [];
        var session = await store.BeginImportAsync(cancellationToken);
        var failed = false;
        try
        {
            await foreach (var row in rows.WithCancellation(cancellationToken))
            {
                var problems = row.Problems;
                if (row.Item is { } item && !seen.TryAdd(Digest(item), row.Line))
                    problems = [Refusals.Malformed($"{item.Class.Oid} '{item.Id}' is on line {seen[Digest(item)]} already")];
                foreach (var problem in problems) onProblem(row.Line, problem);
                if (problems.Count > 0 && !failed)
                {
                    failed = true;
                    await session.DisposeAsync(); // the rest is read for its problems only; nobody needs to wait for that
                }
                if (!failed) await session.AddAsync(row.Item!, cancellationToken);
                onProgress(seen.Count);
            }
            if (failed) return null;
            return isDryRun ? await session.TryAsync(cancellationToken) : await session.CommitAsync(cancellationToken);
        }
        finally
        {
            if (!failed) await session.DisposeAsync();
        }
    }

    // 16 bytes instead of the id itself: a million lines need some 50 MB. Two ids with the same 128 bits of SHA-256 do not occur.
    private static UInt128 Digest(InventoryObject item)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{item.Class.Oid}/{item.Id}"), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

/// <summary>What one line of a file holds.</summary>
/// <param name="Line">The line's number, from 1.</param>
/// <param name="Item">The object; null if there are problems.</param>
/// <param name="Problems">What is wrong with the line.</param>
internal readonly record struct ImportedRow(long Line, InventoryObject? Item, IReadOnlyList<Refusal> Problems);
