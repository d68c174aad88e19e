/** The systemd units of `vial serve`: the socket starts the service when the first client comes. */
export function printUnits(program: string, socket: string): string {
  return `# Save the first part as vial.service and the second as vial.socket in /etc/systemd/system
# (an ordinary user: ~/.config/systemd/user), then: systemctl enable --now vial.socket

[Unit]
Description=Vial, the Docker Engine API
Requires=vial.socket
After=vial.socket network.target

[Service]
ExecStart=${program} serve --host fd://
# Containers belong to nobody's server: its end, and its restart, stops none.
KillMode=process
Delegate=yes
Restart=on-failure
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
Also=vial.socket

# ---- vial.socket

[Unit]
Description=Vial, the socket of the Docker Engine API

[Socket]
ListenStream=${socket}
SocketMode=0660
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}
