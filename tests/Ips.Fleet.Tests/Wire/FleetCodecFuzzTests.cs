using Ips.Fleet.Wire;

namespace Ips.Fleet.Tests.Wire;

public sealed class FleetCodecFuzzTests
{
    [Fact]
    public void Bytes_AtRandom_AreRefusedByTheCodecsOwnException()
    {
        var random = new Random(19);
        var manifests = FleetCodec.Manifests.ToArray();
        for (var round = 0; round < 3_000; round++)
        {
            var bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            Try(manifests[random.Next(manifests.Length)], bytes);
        }
    }

    [Fact]
    public void Messages_Mutated_AreReadOrRefusedByTheCodecsOwnException()
    {
        var random = new Random(1901);
        var samples = Samples.All.Select(message => (FleetCodec.ManifestOf(message), FleetCodec.Encode(message))).ToArray();
        var (read, refused) = (0, 0);
        for (var round = 0; round < 20_000; round++)
        {
            var (manifest, bytes) = samples[random.Next(samples.Length)];
            if (random.Next(10) == 0) (manifest, _) = samples[random.Next(samples.Length)];
            if (Try(manifest, Mutate(random, bytes))) read++;
            else refused++;
        }

        Assert.True(read > 100 && refused > 10_000, $"{read} read, {refused} refused: the mutations are not worth much");
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        var list = bytes.ToList();
        for (var change = random.Next(1, 4); change > 0 && list.Count > 1; change--)
        {
            var at = random.Next(list.Count);
            switch (random.Next(5))
            {
                case 0: list[at] = (byte)random.Next(256); break;
                case 1: list.RemoveRange(at, Math.Min(random.Next(1, 20), list.Count - at)); break;
                case 2: list.InsertRange(at, list.GetRange(0, random.Next(Math.Min(40, list.Count)))); break;
                case 3: list.InsertRange(at, "\"\\{}[]:,0-nullE9"u8[random.Next(15)..].ToArray()); break;
                default: list[at] ^= (byte)(1 << random.Next(8)); break;
            }
        }

        return [.. list];
    }

    // What is read can be written again, and is then read as the same.
    private static bool Try(string manifest, byte[] bytes)
    {
        try
        {
            var message = FleetCodec.Decode(manifest, bytes);
            var again = FleetCodec.Encode(message);
            Assert.Equal(again, FleetCodec.Encode(FleetCodec.Decode(manifest, again)));
            return true;
        }
        catch (FleetWireException)
        {
            return false;
        }
    }
}
