using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed unsafe class PrivateImageTests
{
    private const string Maps = """
        7f79c8b40000-7f79c8b41000 r--p 00000000 fe:00 5350783                    /srv/app/ips.dll
        7f79c8b50000-7f79c8c7e000 r-xp 00000000 fe:00 5350783                    /srv/app/ips.dll
        7f79c8c9d000-7f79c8ced000 rw-p 0012d000 fe:00 5350783                    /srv/app/lib/a b.so
        7f79c8d0c000-7f79c8d10000 ---p 0017c000 fe:00 5350783                    /srv/app/ips.dll
        7f79c8e0c000-7f79c8e10000 r--s 0017c000 fe:00 5350783                    /srv/app/ips.dll (deleted)
        7f79c8f0c000-7f79c8f10000 rw-s 0017c000 fe:00 5350783                    /srv/app/shared
        7f79c9790000-7f79c9791000 r--p 00000000 fe:00 5350783                    /srv/application/ips.dll
        7f79c9830000-7f79c9831000 rw-p 00000000 00:00 0
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
        """;

    [Fact]
    public void MappingsOf_AProcess_AreTheReadableFilesOfTheFolder() => Assert.Equal(
        [
            new PrivateImage.Mapping(0x7f79c8b40000, 0x1000, Libc.PROT_READ),
            new PrivateImage.Mapping(0x7f79c8b50000, 0x12e000, Libc.PROT_READ | Libc.PROT_EXEC),
            new PrivateImage.Mapping(0x7f79c8c9d000, 0x50000, Libc.PROT_READ | Libc.PROT_WRITE),
            new PrivateImage.Mapping(0x7f79c8e0c000, 0x4000, Libc.PROT_READ),
        ],
        PrivateImage.MappingsOf(Maps, "/srv/app/"));

    [Theory]
    [InlineData(Libc.PROT_READ, MapShared)]
    [InlineData(Libc.PROT_READ, Libc.MAP_PRIVATE)]
    [InlineData(Libc.PROT_READ | Libc.PROT_EXEC, Libc.MAP_PRIVATE)]
    [InlineData(Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE)]
    public void Detach_FileTruncatedAfterwards_MemoryIsAsItWas(int protection, int flags)
    {
        const int size = 64 * 1024;
        var folder = Fds.TemporaryFolder();
        var file = Path.Combine(folder, "image");
        var content = new byte[size];
        Random.Shared.NextBytes(content);
        File.WriteAllBytes(file, content);
        var fd = FileDescriptors.Open(file, Libc.O_RDONLY);
        var memory = (byte*)Libc.MMap(null, size, protection, flags, fd, 0);
        FileDescriptors.Close(fd);
        var writable = (protection & Libc.PROT_WRITE) != 0;
        if (writable) memory[5] = content[5] ^= 0xFF;

        Assert.Equal(size, PrivateImage.Detach(folder));
        File.WriteAllBytes(file, []);

        Assert.True(new ReadOnlySpan<byte>(memory, size).SequenceEqual(content));
        if (writable) memory[size - 1] = 1;
        Assert.Equal(0, PrivateImage.Detach(folder)); // nothing of it is still mapped
        Assert.Equal(0, Libc.MUnmap(memory, size));
        Directory.Delete(folder, recursive: true);
    }

    private const int MapShared = 1;
}
