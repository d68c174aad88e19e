import { describe, expect, test } from "bun:test";
import { everywhere, parsePublished } from "./publish-syntax.ts";

const tcp = { protocol: "tcp" } as const;

describe("parsePublished()", () => {
  test.each([
    ["80", [{ ...tcp, containerPort: 80 }]],
    ["8080:80", [{ ...tcp, hostPort: 8080, containerPort: 80 }]],
    [":80", [{ ...tcp, containerPort: 80 }]],
    ["0:80", [{ ...tcp, containerPort: 80 }]],
    ["8080:80/udp", [{ protocol: "udp", hostPort: 8080, containerPort: 80 }]],
    ["8080:80/TCP", [{ ...tcp, hostPort: 8080, containerPort: 80 }]],
    ["127.0.0.1:8080:80", [{ ...tcp, hostAddress: "127.0.0.1", hostPort: 8080, containerPort: 80 }]],
    ["127.0.0.1::80", [{ ...tcp, hostAddress: "127.0.0.1", containerPort: 80 }]],
    ["[::1]:8080:80", [{ ...tcp, hostAddress: "::1", hostPort: 8080, containerPort: 80 }]],
    ["[::1]::80", [{ ...tcp, hostAddress: "::1", containerPort: 80 }]],
    ["[FD00:0:0::1]:1:2", [{ ...tcp, hostAddress: "fd00::1", hostPort: 1, containerPort: 2 }]],
    ["8000-8010:80", [{ ...tcp, hostPort: 8000, hostPortEnd: 8010, containerPort: 80 }]],
    [
      "8000-8001:9000-9001/udp",
      [
        { protocol: "udp", hostPort: 8000, containerPort: 9000 },
        { protocol: "udp", hostPort: 8001, containerPort: 9001 },
      ],
    ],
    [
      "90-91",
      [
        { ...tcp, containerPort: 90 },
        { ...tcp, containerPort: 91 },
      ],
    ],
    [
      "0.0.0.0::90-91",
      [
        { ...tcp, hostAddress: "0.0.0.0", containerPort: 90 },
        { ...tcp, hostAddress: "0.0.0.0", containerPort: 91 },
      ],
    ],
  ])("reads %s", (text, expected) => {
    expect(parsePublished([text])).toEqual(expected as ReturnType<typeof parsePublished>);
  });

  test.each([
    ["", "it is not"],
    [":", "it is not"],
    ["80:", "it is not"],
    ["a", "is no port"],
    ["80/", "it is not"],
    ["80/icmp", "no protocol"],
    ["80/sctp", "TCP and UDP alone"],
    ["70000:80", "is no port from 0"],
    ["80:0", "is no port from 1"],
    ["80:70000", "is no port from 1"],
    ["-1:80", "is no port"],
    ["80:-1", "is no port"],
    ["8080.5:80", "is no port"],
    ["0x50:80", "is no port"],
    [" 80", "is no port"],
    ["80\n", "is no port"],
    ["80;reboot", "is no port"],
    ["8010-8000:80", "is no port"],
    ["8000-8002:90-91", "3 ports of the host are not as many as 2"],
    ["8000:90-91", "1 ports of the host are not as many as 2"],
    ["1-1000:1-1000", "256"],
    ["1.2.3:80:80", "is no address"],
    ["1.2.3.256:80:80", "is no address"],
    ["01.2.3.4:80:80", "is no address"],
    ["localhost:80:80", "is no address"],
    ["[::g]:80:80", "is no address"],
    ["[fe80::1%eth0]:80:80", "is no address"],
    ["[::1]@evil:80:80", "it is not"],
    ["::1:80:80", "it is not"],
    ["[::1]:80", "missing behind the address"],
    ["[127.0.0.1]:80:80", "is no address of IPv6"],
    ["1:2:3:4", "it is not"],
    ["127.0.0.1:80:80 } ; flush ruleset", "is no port"],
  ])("refuses %p", (text, why) => {
    const { why: said } = catching(() => parsePublished([text]));
    expect(said).toContain(why);
  });

  test("refuses a port of the host that is published twice, and not two of two protocols or addresses", () => {
    expect(catching(() => parsePublished(["8080:80", "8080:81"])).why).toContain(
      "8080/tcp of the host twice",
    );
    expect(parsePublished(["8080:80", "8080:80/udp", "127.0.0.2:8080:80", "80", "80"])).toHaveLength(5);
  });

  test("everywhere() keeps an address that is given", () => {
    const wish = { ...tcp, hostPort: 8080, containerPort: 80 };
    expect(everywhere(wish).map(({ hostAddress }) => hostAddress)).toEqual(["0.0.0.0", "::"]);
    expect(everywhere({ ...wish, hostAddress: "127.0.0.1" })).toHaveLength(1);
  });

  test("refuses more ports than a container can have", () => {
    const texts = Array.from({ length: 257 }, (_, index) => `${index + 1}:80`);
    expect(catching(() => parsePublished(texts)).why).toContain("257 ports");
  });
});

function catching(act: () => unknown): { readonly why?: string } {
  try {
    act();
  } catch (error) {
    return error as { why?: string };
  }
  throw new Error("it was not refused");
}
