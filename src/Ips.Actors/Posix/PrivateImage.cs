using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ips.Actors.Posix;

/// <summary>Replaces mapped files with copies in anonymous memory: truncating or overwriting the files from then on, as
/// <c>cp new/* running/</c> does, does not change the code that this process runs. See mmap(2): an access beyond the end of a truncated
/// file raises SIGBUS, in a private mapping too.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class PrivateImage
{
    private const int CopyAttempts = 10;

    /// <summary>Copies every mapped file below a folder.</summary>
    /// <param name="folder">The folder, with links resolved, as <c>/proc/self/maps</c> has it.</param>
    /// <returns>How many bytes are copies now.</returns>
    /// <exception cref="PosixException">ENOMEM, or EACCES where memory that was written may not be executed: the mapping at hand stays
    /// the file's.</exception>
    /// <remarks>Each mapping is replaced in one step that no thread can see (mremap(2) with MREMAP_FIXED). What another thread writes to
    /// a data
    /// section between the last look at it and that step, some microseconds, is lost: call it while the process has nothing to do. A
    /// compiled
    /// assembly of .NET has only caches there.</remarks>
    internal static long Detach(string folder)
    {
        var detached = 0L;
        using var memory = File.OpenHandle("/proc/self/mem");
        foreach (var mapping in MappingsOf(File.ReadAllText("/proc/self/maps"), folder))
        {
            if (Replace(memory, mapping)) detached += mapping.Length;
        }

        return detached;
    }

    /// <summary>The lines of <c>/proc/self/maps</c> that are readable mappings of files below a folder. Pure.</summary>
    internal static IEnumerable<Mapping> MappingsOf(string maps, string folder)
    {
        var below = folder.TrimEnd('/') + "/";
        foreach (var line in maps.Split('\n'))
        {
            // 7f79c8b50000-7f79c8c7e000 r-xp 00000000 fe:00 5350783      /srv/app/ips.dll
            var path = line.IndexOf('/', StringComparison.Ordinal);
            if (path < 0 || !line.AsSpan(path).StartsWith(below, StringComparison.Ordinal)) continue;
            var (dash, space) = (line.IndexOf('-', StringComparison.Ordinal), line.IndexOf(' ', StringComparison.Ordinal));
            var start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var end = ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var rights = line.AsSpan(space + 1, 4);
            if (rights[0] != 'r') continue; // a gap between sections: nothing can be read there
            var protection = Libc.PROT_READ | (rights[1] == 'w' ? Libc.PROT_WRITE : 0) | (rights[2] == 'x' ? Libc.PROT_EXEC : 0);
            if (rights[1] == 'w' && rights[3] == 's') continue; // shared and written: others are to see what is written
            yield return new Mapping(start, (long)(end - start), protection);
        }
    }

    private static bool Replace(SafeFileHandle memory, Mapping mapping)
    {
        var size = (nuint)mapping.Length;
        var copy = Libc.MMap(null, size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        if ((nint)copy == -1) throw PosixException.Last("mmap", "a copy of this program");
        try
        {
            // Reads /proc/self/mem: there a page that is no longer readable gives an error; a direct access would raise a signal.
            if (!Read(memory, mapping, copy)) return false;
            var writable = (mapping.Protection & Libc.PROT_WRITE) != 0;
            if (!writable && Libc.MProtect(copy, size, mapping.Protection) < 0)
                throw PosixException.Last("mprotect", "a copy of this program");
            for (var attempt = 0; writable && attempt < CopyAttempts; attempt++)
            {
                var now = new ReadOnlySpan<byte>((void*)mapping.Start, (int)size);
                if (now.SequenceEqual(new ReadOnlySpan<byte>(copy, (int)size))) break;
                now.CopyTo(new Span<byte>(copy, (int)size));
            }

            if ((nint)Libc.MRemap(copy, size, size, Libc.MREMAP_MAYMOVE | Libc.MREMAP_FIXED, (void*)mapping.Start) == -1)
                throw PosixException.Last("mremap", "a copy of this program");
            copy = null;
            return true;
        }
        finally
        {
            if (copy is not null) _ = Libc.MUnmap(copy, size);
        }
    }

    private static bool Read(SafeFileHandle memory, Mapping mapping, void* copy)
    {
        try
        {
            for (long done = 0; done < mapping.Length;)
            {
                var rest = new Span<byte>((byte*)copy + done, (int)(mapping.Length - done));
                var read = RandomAccess.Read(memory, rest, (long)mapping.Start + done);
                if (read == 0) return false;
                done += read;
            }

            return true;
        }
        catch (IOException)
        {
            return false; // EIO: the file has been truncated already
        }
    }

    /// <summary>One mapping of a file.</summary>
    /// <param name="Start">Its address.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="Protection">PROT_READ, and PROT_WRITE or PROT_EXEC.</param>
    internal readonly record struct Mapping(ulong Start, long Length, int Protection);
}
