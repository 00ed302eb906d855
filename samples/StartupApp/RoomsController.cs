using Microsoft.AspNetCore.Mvc;

namespace StartupApp;

/// <summary>Which rooms there are, and whether one can be booked.</summary>
[ApiController]
[Route("api/rooms")]
public sealed class RoomsController(Rooms rooms) : ControllerBase
{
    /// <summary>All rooms.</summary>
    [HttpGet]
    public IEnumerable<string> All() => rooms.Names;

    /// <summary>Books a room.</summary>
    [HttpPost("{name}")]
    public ActionResult Book(string name, [FromBody] Booking booking) =>
        rooms.Names.Contains(name) ? Ok(new { Room = name, booking.By }) : NotFound();
}

/// <summary>Who books.</summary>
public sealed record Booking(string By);
