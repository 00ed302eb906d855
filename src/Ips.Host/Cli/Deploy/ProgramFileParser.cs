using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ips.Host.Cli.Deploy;

/// <summary>Reads from the beginning of a program for which machine it is. Pure.</summary>
internal static class ProgramFileParser
{
    /// <summary>How many bytes are looked at.</summary>
    internal const int HeaderBytes = 1024;

    private const ushort Linux = 0x7B79; // what the compiler of ready-to-run code mixes into the machine

    /// <summary>Why a program does not run here; null if it does, or this is not known.</summary>
    /// <param name="header">Its first bytes.</param>
    /// <param name="here">This machine.</param>
    internal static string? Fault(ReadOnlySpan<byte> header, Architecture here) =>
        Machine(header) is { } machine && machine != Name(here)
            ? $"is for {machine}, and this machine is {Name(here)}: publish for it (dotnet publish -r linux-{Name(here)})" : null;

    private static string? Machine(ReadOnlySpan<byte> header)
    {
        if (header.Length >= 20 && header[..4].SequenceEqual((ReadOnlySpan<byte>)[0x7F, 0x45, 0x4C, 0x46]))
        {
            return BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) switch
            {
                3 => "x86",
                40 => "arm",
                62 => "x64",
                183 => "arm64",
                243 => "riscv64",
                258 => "loongarch64",
                var other => $"another machine (ELF {other})",
            };
        }

        if (header.Length < 64 || header[0] != 'M' || header[1] != 'Z') return null;
        var at = BinaryPrimitives.ReadInt32LittleEndian(header[60..]);
        if (at < 0 || at > header.Length - 6 || !header.Slice(at, 4).SequenceEqual("PE\0\0"u8)) return null;
        return (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(header[(at + 4)..]) ^ Linux) switch
        {
            0x8664 => "x64",
            0xAA64 => "arm64",
            0x01C4 => "arm",
            _ => null, // code for every machine
        };
    }

    private static string Name(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "x64",
        Architecture.Arm64 => "arm64",
        _ => architecture.ToString(),
    };
}
