// SPDX-License-Identifier: Apache-2.0
//
// An AMD Promontory GPIO block (driver gpio-amdpt) whose registers are plain memory: guest RAM that the kernel command
// line reserves. The driver maps the first page; the next one is free for the test's mark.
DefinitionBlock ("", "SSDT", 2, "JIDOKA", "GPIOPT", 0x00000001)
{
    Scope (\_SB)
    {
        Device (GPT0)
        {
            Name (_HID, "AMDIF030")
            Name (_UID, Zero)
            Method (_STA, 0, NotSerialized) { Return (0x0F) }
            Name (_CRS, ResourceTemplate () { Memory32Fixed (ReadWrite, 0x30000000, 0x00001000) })
        }
    }
}
