//! Writes what sensors report: a measurement each, and a warning when one is out of range.

use super::chance::Chance;
use super::web::{write_number, write_text};
use super::{Place, write_decimal};

const DEVICES: u32 = 500;
const SITES: [&str; 5] = ["hamburg", "porto", "oslo", "lyon", "graz"];

/// What a kind of sensor measures, in tenths of its unit.
struct Sensor {
    name: &'static str,
    unit: &'static str,
    usual_tenths: u32,
    swing_tenths: u32,
    alarm_tenths: u32,
}

const SENSORS: [Sensor; 4] = [
    Sensor { name: "temperature", unit: "celsius", usual_tenths: 180, swing_tenths: 80, alarm_tenths: 300 },
    Sensor { name: "humidity", unit: "percent", usual_tenths: 400, swing_tenths: 250, alarm_tenths: 800 },
    Sensor { name: "vibration", unit: "mm_per_s", usual_tenths: 8, swing_tenths: 30, alarm_tenths: 70 },
    Sensor { name: "pressure", unit: "hectopascal", usual_tenths: 9_900, swing_tenths: 300, alarm_tenths: 10_400 },
];

/// A fleet of devices.
#[derive(Debug, Clone)]
pub(super) struct Iot {
    /// Firmware of each device.
    firmware: Vec<u8>,
}

impl Iot {
    pub(super) fn new(chance: &mut Chance) -> Self {
        Self { firmware: (0..DEVICES).map(|_| chance.below(5) as u8).collect() }
    }

    pub(super) fn write(&mut self, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
        let device = chance.below(DEVICES);
        let sensor = &SENSORS[device as usize % SENSORS.len()];
        let outlier = if chance.one_in(200) { sensor.alarm_tenths / 2 } else { 0 };
        let value_tenths = sensor.usual_tenths + chance.below(sensor.swing_tenths) + outlier;
        let severity = if value_tenths > sensor.alarm_tenths { "high" } else { "low" };
        write_text(b"{\"type\":\"metric\",\"source\":\"", SITES[device as usize % SITES.len()], out);
        write_text(b",\"severity\":\"", severity, out);
        place.write_identity(out);
        write_number(b",\"data\":{\"device_id\":\"dev-", device, out);
        write_text(b"\",\"sensor\":\"", sensor.name, out);
        write_text(b",\"unit\":\"", sensor.unit, out);
        write_number(b",\"value\":", value_tenths / 10, out);
        write_number(b".", value_tenths % 10, out);
        write_number(b",\"battery_percent\":", 100 - chance.below(60), out);
        write_number(b",\"rssi_dbm\":-", 40 + chance.below(50), out);
        write_number(b",\"firmware\":\"2.", u32::from(self.firmware[device as usize]), out);
        out.extend_from_slice(b"\",\"reading\":");
        write_decimal(place.sequence, out);
        out.extend_from_slice(b"}}");
    }
}
