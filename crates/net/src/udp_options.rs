//! The socket options of a `UdpSocket`: broadcast, multicast, hops and buffers.
//!
//! A getter asks the system each time; nothing is cached.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use socket2::SockRef;

use crate::UdpSocket;

impl UdpSocket {
    /// Allows sending to broadcast addresses.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.as_async().get_ref().set_broadcast(broadcast)
    }

    /// Is sending to broadcast addresses allowed?
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.as_async().get_ref().broadcast()
    }

    /// Joins an IPv4 multicast group on the interface of the given address; the unspecified address leaves the choice to
    /// the system.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.as_async().get_ref().join_multicast_v4(&group, &interface)
    }

    /// Leaves an IPv4 multicast group.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.as_async().get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Joins an IPv6 multicast group on the interface of the given index; 0 leaves the choice to the system.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.as_async().get_ref().join_multicast_v6(&group, interface)
    }

    /// Leaves an IPv6 multicast group.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.as_async().get_ref().leave_multicast_v6(&group, interface)
    }

    /// Decides whether this machine hears the IPv4 multicasts that it sends.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_multicast_loop_v4(&self, hear: bool) -> io::Result<()> {
        self.as_async().get_ref().set_multicast_loop_v4(hear)
    }

    /// Does this machine hear the IPv4 multicasts that it sends?
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.as_async().get_ref().multicast_loop_v4()
    }

    /// Decides whether this machine hears the IPv6 multicasts that it sends.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_multicast_loop_v6(&self, hear: bool) -> io::Result<()> {
        self.as_async().get_ref().set_multicast_loop_v6(hear)
    }

    /// Does this machine hear the IPv6 multicasts that it sends?
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.as_async().get_ref().multicast_loop_v6()
    }

    /// Sets how far IPv4 multicasts go; 1, the default, does not leave the network.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.as_async().get_ref().set_multicast_ttl_v4(ttl)
    }

    /// How far IPv4 multicasts go.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.as_async().get_ref().multicast_ttl_v4()
    }

    /// Sets the interface by which IPv4 multicasts go out, by its address; the unspecified address leaves the choice to the
    /// system.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_multicast_if_v4(&self, interface: Ipv4Addr) -> io::Result<()> {
        SockRef::from(self.as_async().get_ref()).set_multicast_if_v4(&interface)
    }

    /// The interface by which IPv4 multicasts go out.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn multicast_if_v4(&self) -> io::Result<Ipv4Addr> {
        SockRef::from(self.as_async().get_ref()).multicast_if_v4()
    }

    /// Sets the interface by which IPv6 multicasts go out, by its index; 0 leaves the choice to the system.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_multicast_if_v6(&self, interface: u32) -> io::Result<()> {
        SockRef::from(self.as_async().get_ref()).set_multicast_if_v6(interface)
    }

    /// The interface by which IPv6 multicasts go out.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn multicast_if_v6(&self) -> io::Result<u32> {
        SockRef::from(self.as_async().get_ref()).multicast_if_v6()
    }

    /// Sets how far IPv6 multicasts go; 1, the default, does not leave the network.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_multicast_hops_v6(&self, hops: u32) -> io::Result<()> {
        SockRef::from(self.as_async().get_ref()).set_multicast_hops_v6(hops)
    }

    /// How far IPv6 multicasts go.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn multicast_hops_v6(&self) -> io::Result<u32> {
        SockRef::from(self.as_async().get_ref()).multicast_hops_v6()
    }

    /// Sets the time to live of the datagrams sent.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.as_async().get_ref().set_ttl(ttl)
    }

    /// The time to live of the datagrams sent.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.as_async().get_ref().ttl()
    }

    /// Sets the size of the system's buffer for receiving.
    ///
    /// # Units
    ///
    /// Bytes. Linux doubles the number, for its own bookkeeping.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.as_async().get_ref()).set_recv_buffer_size(bytes)
    }

    /// The size of the system's buffer for receiving.
    ///
    /// # Units
    ///
    /// Bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(self.as_async().get_ref()).recv_buffer_size()
    }

    /// Sets the size of the system's buffer for sending.
    ///
    /// # Units
    ///
    /// Bytes. Linux doubles the number, for its own bookkeeping.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(self.as_async().get_ref()).set_send_buffer_size(bytes)
    }

    /// The size of the system's buffer for sending.
    ///
    /// # Units
    ///
    /// Bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(self.as_async().get_ref()).send_buffer_size()
    }

    /// The error that the socket has stored, if any; it is cleared.
    ///
    /// # Errors
    ///
    /// The operating system's, when it cannot be asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.as_async().get_ref().take_error()
    }
}
