using System.Net.Sockets;
using System.Security.Cryptography;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Handover;

/// <summary>What travels of an upgraded connection, and what a hostile peer may send in its place.</summary>
public sealed class UpgradeParcelTests
{
    private static readonly UpgradeParcel Parcel = new(
        "GET /chat HTTP/1.1\r\n\r\n"u8.ToArray(), new UpgradeAnswer("accept", "chat", "permessage-deflate"), [1, 2, 3],
        new byte[] { 4, 5 }, new byte[] { 0x82, 0 }, new UpgradeState(-7, [6]));

    // The form of version 4: a line never changes.
    [Fact]
    public void Encode_AParcel_IsTheGoldenBytes() => Assert.Equal(
        "0101F9FFFFFF"
        + "16000000" + Convert.ToHexString("GET /chat HTTP/1.1\r\n\r\n"u8)
        + "06000000" + Convert.ToHexString("accept"u8) + "04000000" + Convert.ToHexString("chat"u8)
        + "12000000" + Convert.ToHexString("permessage-deflate"u8)
        + "03000000010203" + "020000000405" + "020000008200" + "0100000006",
        Convert.ToHexString(UpgradeParcelCodec.Encode(Parcel)));

    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame()
    {
        foreach (var parcel in new[] { Parcel, Parcel with { State = null }, Parcel with { State = new UpgradeState(0, []) } })
            Assert.Equivalent(parcel, UpgradeParcelCodec.Decode(UpgradeParcelCodec.Encode(parcel)), strict: true);
    }

    [Fact]
    public void Decode_CutOrChangedAnywhere_IsAParcelOrARefusal()
    {
        var golden = UpgradeParcelCodec.Encode(Parcel);
        for (var length = 0; length < golden.Length; length++)
            Assert.Throws<InvalidDataException>(() => UpgradeParcelCodec.Decode(golden.AsSpan(0, length)));
        Assert.Throws<InvalidDataException>(() => UpgradeParcelCodec.Decode([.. golden, 0]));

        var random = new Random(20261201);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = golden.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Assert.NotNull(UpgradeParcelCodec.Decode(bytes));
            }
            catch (InvalidDataException)
            {
                // the only way to refuse
            }
        }
    }

    [Fact]
    public void Encode_APartBeyondItsLimit_IsRefused()
    {
        Assert.Throws<InvalidDataException>(() =>
            UpgradeParcelCodec.Encode(Parcel with { RequestHead = new byte[UpgradeParcel.MaxHeadBytes + 1] }));
        Assert.Throws<InvalidDataException>(() =>
            UpgradeParcelCodec.Encode(Parcel with { Received = new byte[UpgradeParcel.MaxReceivedBytes + 1] }));
        Assert.InRange(UpgradeParcelCodec.Encode(Parcel with
        {
            RequestHead = new byte[UpgradeParcel.MaxHeadBytes],
            Received = new byte[UpgradeParcel.MaxReceivedBytes],
            Unsent = new byte[UpgradeParcel.MaxUnsentBytes],
            State = new UpgradeState(1, new byte[UpgradeParcel.MaxStateBytes]),
        }).Length, 1, UpgradeParcel.MaxBytes);
    }

    [Fact]
    public void Memory_Sealed_IsReadAndCannotBeChanged()
    {
        var content = RandomNumberGenerator.GetBytes(100_000);
        var fd = SealedMemory.Create("test", content);
        try
        {
            Assert.True(FileDescriptors.IsCloseOnExec(fd));
            Assert.Equal(content, SealedMemory.TryRead(fd, content.Length));
            Assert.Null(SealedMemory.TryRead(fd, content.Length - 1)); // more than the reader wants
            using var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(FileDescriptors.Duplicate(fd), true),
                FileAccess.ReadWrite, bufferSize: 0);
            Assert.ThrowsAny<Exception>(() => file.SetLength(1));
            Assert.ThrowsAny<Exception>(() =>
            {
                file.Position = 0;
                file.Write([1]);
            });
            Assert.Equal(content, SealedMemory.TryRead(fd, content.Length));
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    [Fact]
    public void Memory_OfAnyOtherKind_IsNotRead()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        var path = Path.GetTempFileName();
        using var file = File.Open(path, FileMode.Open);
        try
        {
            file.Write(new byte[100]);
            Assert.Null(SealedMemory.TryRead((int)pipe.SafePipeHandle.DangerousGetHandle(), 1000)); // would block for ever
            Assert.Null(SealedMemory.TryRead((int)file.SafeFileHandle.DangerousGetHandle(), 1000)); // could be cut off
            Assert.Null(SealedMemory.TryRead(-1, 1000));
            var empty = SealedMemory.Create("test", []);
            Assert.Null(SealedMemory.TryRead(empty, 1000));
            FileDescriptors.Close(empty);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Intake_HostilePackets_AreRefusedAndTheirDescriptorsClosed()
    {
        using var pair = new Pair();
        var frame = new UpgradedFrame([new UpgradedOffer("127.0.0.1:0", 0)]);
        var good = UpgradeParcelCodec.Encode(Parcel);

        AssertRefused([pair.Duplicate()]); // no memory
        AssertRefused([pair.Duplicate(), pair.Duplicate()]); // a socket for it
        AssertRefused([SealedMemory.Create("test", good), SealedMemory.Create("test", good)]); // memory for the socket
        AssertRefused([pair.Duplicate(), SealedMemory.Create("test", [1, 2, 3])]); // no parcel
        AssertRefused([pair.Duplicate(), SealedMemory.Create("test", new byte[UpgradeParcel.MaxBytes + 1])]);
        AssertRefused([pair.Duplicate(), SealedMemory.Create("test", good), SealedMemory.Create("test", good)]);

        int[] fds = [pair.Duplicate(), SealedMemory.Create("test", good)];
        var taken = Assert.Single(ConnectionIntake.Take(frame, fds)!);
        Assert.Equal((fds[0], "chat"), (taken.Fd, taken.Upgrade!.Answer.Protocol));
        Assert.False(FileDescriptors.IsOpen(fds[1]));
        FileDescriptors.Close(fds[0]);

        var tunnel = new UpgradedFrame([new UpgradedOffer("127.0.0.1:0", 0, Tunnel: true)]);
        AssertRefused([pair.Duplicate(), SealedMemory.Create("test", good)], tunnel); // no backend
        AssertRefused([pair.Duplicate(), SealedMemory.Create("test", good), SealedMemory.Create("test", good)], tunnel); // memory for it
        fds = [pair.Duplicate(), SealedMemory.Create("test", good), pair.Duplicate()];
        AssertRefused(fds, tunnel, limit: fds.Max() + 10); // too few are left
        fds = [pair.Duplicate(), SealedMemory.Create("test", good), pair.Duplicate()];
        taken = Assert.Single(ConnectionIntake.Take(tunnel, fds)!);
        Assert.Equal((fds[0], fds[2], true), (taken.Fd, taken.Upgrade!.Backend, taken.IsTunnel));
        taken.Close();
        Assert.All(fds, fd => Assert.False(FileDescriptors.IsOpen(fd)));

        void AssertRefused(int[] hostile, UpgradedFrame? offered = null, long limit = long.MaxValue)
        {
            Assert.Null(ConnectionIntake.Take(offered ?? frame, hostile, limit));
            Assert.All(hostile, fd => Assert.False(FileDescriptors.IsOpen(fd)));
        }
    }

    private sealed class Pair : IDisposable
    {
        private readonly Socket _listening = new(SocketType.Stream, ProtocolType.Tcp);
        private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp);

        public Pair()
        {
            _listening.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
            _listening.Listen();
            _client.Connect(_listening.LocalEndPoint!);
        }

        public int Duplicate() => FileDescriptors.DuplicateHigh((int)_client.Handle);

        public void Dispose()
        {
            _client.Dispose();
            _listening.Dispose();
        }
    }
}
